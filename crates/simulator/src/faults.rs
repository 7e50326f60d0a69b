//! The board of faults in force: which one strikes this request.
//!
//! Requests pay one atomic read while no fault is armed. The lock is held for a scan of the board,
//! never across a wait.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::fault::{Fault, FaultError, FaultSpec, Stage};
use crate::random::Random;

/// Faults kept at once; used-up ones count until cleared.
const FAULTS_MAX: usize = 1000;

/// What the board says to a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strike {
    pub(crate) id: u64,
    pub(crate) spec: FaultSpec,
}

#[derive(Debug)]
pub(crate) struct FaultBoard {
    seed: u64,
    armed: AtomicUsize,
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    last_id: u64,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    fault: Fault,
    random: Random,
}

impl FaultBoard {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, armed: AtomicUsize::new(0), rows: Mutex::default() }
    }

    /// Puts a checked fault on the board.
    pub(crate) fn set(&self, spec: FaultSpec) -> Result<Fault, FaultError> {
        spec.check()?;
        let mut rows = self.rows.lock();
        if rows.rows.len() >= FAULTS_MAX {
            return Err(FaultError::TooMany { most: FAULTS_MAX });
        }
        rows.last_id += 1;
        let id = rows.last_id;
        let fault = Fault { id, remaining: spec.count, spec, hits: 0 };
        rows.rows.push(Row { fault: fault.clone(), random: Random::new(self.seed, id) });
        self.count_armed(&rows);
        Ok(fault)
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.rows.lock().rows.iter().map(|row| row.fault.clone()).collect()
    }

    /// Removes the faults that `gone` names and returns them.
    pub(crate) fn clear(&self, gone: impl Fn(&Fault) -> bool) -> Vec<Fault> {
        let mut rows = self.rows.lock();
        let (cleared, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut rows.rows).into_iter().partition(|row| gone(&row.fault));
        rows.rows = kept;
        self.count_armed(&rows);
        cleared.into_iter().map(|row| row.fault).collect()
    }

    /// The first fault, in the order they were set, that strikes this request at this stage.
    pub(crate) fn strike(&self, stage: Stage, endpoint: &str, model: &str) -> Option<Strike> {
        if self.armed.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut rows = self.rows.lock();
        let strike = rows.rows.iter_mut().find_map(|row| row.strike(stage, endpoint, model));
        if strike.is_some() {
            self.count_armed(&rows);
        }
        strike
    }

    fn count_armed(&self, rows: &Rows) {
        let armed = rows.rows.iter().filter(|row| row.fault.remaining != Some(0)).count();
        self.armed.store(armed, Ordering::Release);
    }
}

impl Row {
    fn strike(&mut self, stage: Stage, endpoint: &str, model: &str) -> Option<Strike> {
        let fault = &mut self.fault;
        let spec = &fault.spec;
        let matches = spec.endpoint == endpoint
            && spec.stage() == stage
            && spec.model.as_deref().is_none_or(|only| only == model);
        if !matches || fault.remaining == Some(0) {
            return None;
        }
        if spec.probability.is_some_and(|share| !self.random.chance(share)) {
            return None;
        }
        fault.hits += 1;
        fault.remaining = fault.remaining.map(|left| left.saturating_sub(1));
        Some(Strike { id: fault.id, spec: fault.spec.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultKind;

    fn strikes(board: &FaultBoard, draws: usize) -> usize {
        (0..draws).filter(|_| board.strike(Stage::Reply, "e", "m").is_some()).count()
    }

    #[test]
    fn a_counted_fault_strikes_that_often_and_stays_listed() {
        let board = FaultBoard::new(1);
        let spec = FaultSpec { count: Some(2), ..FaultSpec::new("e", FaultKind::Reset) };
        board.set(spec).unwrap();
        assert_eq!(strikes(&board, 5), 2);
        let listed = board.list();
        assert_eq!((listed[0].hits, listed[0].remaining), (2, Some(0)));
    }

    #[test]
    fn a_fault_of_one_model_leaves_the_others_alone() {
        let board = FaultBoard::new(1);
        let spec = FaultSpec { model: Some("big".into()), ..FaultSpec::new("e", FaultKind::Reset) };
        board.set(spec).unwrap();
        assert!(board.strike(Stage::Reply, "e", "small").is_none());
        assert!(board.strike(Stage::Reply, "other", "big").is_none());
        assert!(board.strike(Stage::Reply, "e", "big").is_some());
    }

    #[test]
    fn probability_is_drawn_from_the_seed() {
        let counts = [9, 9, 10].map(|seed| {
            let board = FaultBoard::new(seed);
            let spec =
                FaultSpec { probability: Some(0.3), ..FaultSpec::new("e", FaultKind::Reset) };
            board.set(spec).unwrap();
            strikes(&board, 1000)
        });
        assert_eq!(counts[0], counts[1]);
        assert!(counts.iter().all(|count| (240..360).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_cleared_fault_strikes_no_more() {
        let board = FaultBoard::new(1);
        let id = board.set(FaultSpec::new("e", FaultKind::Reset)).unwrap().id;
        assert_eq!(board.clear(|fault| fault.id == id).len(), 1);
        assert_eq!(strikes(&board, 3), 0);
    }
}
