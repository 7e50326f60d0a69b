//! Matches admissions with outcomes while a log is read (AUD-2).

use std::collections::{BTreeMap, HashMap, hash_map};

use vocab::{RequestId, Timestamp};

use crate::{
    entry::Entry,
    report::{OpenAdmission, Requests},
};

/// How many examples a report carries.
const EXAMPLES_MAX: usize = 10;

/// Where one request stands.
#[derive(Debug, Clone, Copy)]
enum Stand {
    Open(u64),
    Lost,
    Ended,
}

/// The requests of a log. Memory grows with their number, about 40 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    stands: HashMap<RequestId, Stand>,
    /// What is open, by the index of the admission.
    open: BTreeMap<u64, OpenAdmission>,
    found: Requests,
}

impl Matching {
    /// Takes in the next entry.
    pub(crate) fn take(&mut self, index: u64, entry: &Entry) {
        match entry {
            Entry::Admission(e) => self.admit(index, e.request, e.at),
            Entry::Refusal(e) => self.refuse(index, e.request),
            Entry::Outcome(e) => self.end(index, e.request),
            Entry::OrphanClosed(e) => self.end(index, e.request),
            Entry::GatewayStarted(_) => self.restart(),
            Entry::GatewayStopped(_) | Entry::BundleLoaded(_) => {}
        }
    }

    /// The admissions that are still open, the oldest first.
    pub(crate) fn open(&self) -> Vec<(u64, OpenAdmission)> {
        self.open.iter().map(|(index, open)| (*index, *open)).collect()
    }

    /// The index of the oldest of them.
    pub(crate) fn oldest_open(&self) -> Option<u64> {
        self.open.keys().next().copied()
    }

    /// What was found.
    pub(crate) fn finish(self) -> Requests {
        let open = u64::try_from(self.open.len()).unwrap_or(u64::MAX);
        Requests { open, ..self.found }
    }

    fn admit(&mut self, index: u64, request: RequestId, admitted_at: Timestamp) {
        self.found.admitted += 1;
        match self.stands.entry(request) {
            hash_map::Entry::Vacant(slot) => {
                slot.insert(Stand::Open(index));
                self.open.insert(index, OpenAdmission { request, admitted_at });
            }
            hash_map::Entry::Occupied(_) => {
                self.found.repeated += 1;
                self.example(format!("entry {index} admits {request} again"));
            }
        }
    }

    fn refuse(&mut self, index: u64, request: RequestId) {
        match self.stands.insert(request, Stand::Ended) {
            None => self.found.refused += 1,
            Some(Stand::Open(admission)) => drop(self.open.remove(&admission)),
            Some(Stand::Lost | Stand::Ended) => self.repeat(index, request),
        }
    }

    fn end(&mut self, index: u64, request: RequestId) {
        match self.stands.insert(request, Stand::Ended) {
            Some(Stand::Open(admission)) => drop(self.open.remove(&admission)),
            Some(Stand::Lost | Stand::Ended) => self.repeat(index, request),
            None => {
                self.found.unadmitted += 1;
                self.example(format!("entry {index} ends {request}, which was never admitted"));
            }
        }
    }

    fn repeat(&mut self, index: u64, request: RequestId) {
        self.found.repeated += 1;
        self.example(format!("entry {index} ends {request} again"));
    }

    /// A gateway that starts has closed what the run before left open; what is open is lost.
    fn restart(&mut self) {
        for open in std::mem::take(&mut self.open).into_values() {
            self.stands.insert(open.request, Stand::Lost);
            self.found.orphans += 1;
            self.example(format!("{} was admitted and never ended", open.request));
        }
    }

    fn example(&mut self, sentence: String) {
        if self.found.examples.len() < EXAMPLES_MAX {
            self.found.examples.push(sentence);
        }
    }
}
