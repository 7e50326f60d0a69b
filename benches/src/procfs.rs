//! What the kernel says about processes: CPU time, resident memory, and who else was busy.

use std::fs;

use anyhow::{Context as _, Result};

/// CPU time in microseconds. The kernel counts in ticks of 10 ms, so that one reading is off by
/// at most one tick per process.
pub(crate) type CpuUs = u64;

/// `pid` and all its descendants alive now, parents first.
pub(crate) fn tree(pid: u32) -> Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(found) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end between the listing and the reading: then it is not in the tree.
        if let Ok(stat) = Stat::read(found) {
            parents.push((found, stat.parent));
        }
    }
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(parent) = tree.get(next).copied() {
        tree.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    Ok(tree)
}

/// User and system time spent so far by `processes`, taken together.
pub(crate) fn cpu(processes: &[u32]) -> Result<CpuUs> {
    processes.iter().map(|pid| Ok(Stat::read(*pid)?.ticks * tick_us())).sum()
}

/// Resident memory of `processes` in bytes: `VmRSS`, pages that processes share counted in each.
pub(crate) fn resident(processes: &[u32]) -> Result<u64> {
    processes.iter().map(|pid| resident_of(*pid)).sum()
}

/// CPU time of the whole machine since boot, as microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    /// Spent by anybody, and what the hypervisor took for others.
    pub busy: CpuUs,
    /// Spent or not, over all cores.
    pub total: CpuUs,
}

impl Machine {
    /// The counters as they stand.
    pub(crate) fn read() -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat")?;
        let first = stat.lines().next().context("/proc/stat is empty")?;
        // user nice system idle iowait irq softirq steal; guest time is contained in user.
        let ticks: Vec<u64> =
            first.split_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
        let total: u64 = ticks.iter().sum();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Ok(Self { busy: total.saturating_sub(idle) * tick_us(), total: total * tick_us() })
    }

    /// What was added since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            busy: self.busy.saturating_sub(before.busy),
            total: self.total.saturating_sub(before.total),
        }
    }

    /// The part of the machine's time, 0 to 1, that somebody else than `ours` spent.
    #[expect(clippy::cast_precision_loss, reason = "hours in microseconds are exact in an f64")]
    pub(crate) fn others(self, ours: CpuUs) -> f64 {
        self.busy.saturating_sub(ours) as f64 / self.total.max(1) as f64
    }
}

struct Stat {
    parent: u32,
    ticks: u64,
}

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("process `{pid}` has ended"))?;
        Self::parse(&text).with_context(|| format!("cannot read `/proc/{pid}/stat`"))
    }

    /// The name of the program stands in brackets and may hold anything, so fields are counted
    /// from the last bracket: state is the first, parent the second, utime and stime the 12th
    /// and 13th.
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let user: u64 = fields.nth(9)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(Self { parent, ticks: user + system })
    }
}

fn resident_of(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process `{pid}` has ended"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|figure| figure.parse().ok())
        .with_context(|| format!("no `VmRSS` in `/proc/{pid}/status`"))?;
    Ok(kib * 1024)
}

fn tick_us() -> u64 {
    1_000_000 / rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let text = "77 (a) b (c) S 5 77 77 0 -1 4194304 100 0 0 0 41 17 9 9 20 0 1 0 5 6 7";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.parent, stat.ticks), (5, 58));
    }

    #[test]
    fn this_process_is_in_its_own_tree_and_has_memory() {
        let processes = tree(std::process::id()).unwrap();
        assert_eq!(processes.first(), Some(&std::process::id()));
        assert!(resident(&processes).unwrap() > 100_000);
        cpu(&[std::process::id()]).unwrap();
    }

    #[test]
    fn the_machine_is_never_busier_than_it_has_time() {
        let machine = Machine::read().unwrap();
        assert!(machine.busy <= machine.total);
    }
}
