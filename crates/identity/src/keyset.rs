//! Every key of a bundle, ready for one look-up per request.

use std::{collections::HashMap, sync::Arc};

use vocab::{CredentialId, JurisdictionId, Refusal, RefusalCode, TenantId, Timestamp, WorkloadId};

use crate::{
    caller::{Caller, ModelGrant},
    key::{SecretHash, take_apart},
};

/// One key as the bundle states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The public part.
    pub id: CredentialId,
    /// The hash of the secret part.
    pub secret: SecretHash,
    /// On whose account.
    pub tenant: TenantId,
    /// The workloads it may act for; the first is the default.
    pub workloads: Vec<WorkloadId>,
    /// The logical models it may use.
    pub models: ModelGrant,
    /// The origin jurisdiction it proves (P2).
    pub origin: JurisdictionId,
    /// Not valid earlier than this.
    pub not_before: Option<Timestamp>,
    /// Not valid at this time and later.
    pub expires: Option<Timestamp>,
    /// Withdrawn at this time.
    pub revoked: Option<Timestamp>,
}

/// Why records do not make a key set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Two records share an id.
    #[error("two keys are called `{0}`")]
    Duplicate(CredentialId),
    /// A key that may act for nothing.
    #[error("key `{0}` names no workload")]
    NoWorkload(CredentialId),
}

#[derive(Debug)]
struct Entry {
    secret: SecretHash,
    not_before: Option<Timestamp>,
    expires: Option<Timestamp>,
    revoked: Option<Timestamp>,
    caller: Arc<Caller>,
}

/// Keys by public id.
#[derive(Debug, Default)]
pub struct KeySet {
    /// The ids are a bundle's and a look-up never inserts, so that no caller can fill the map with
    /// ids that collide; a fast hash is enough.
    keys: HashMap<CredentialId, Entry, foldhash::fast::RandomState>,
}

impl KeySet {
    /// Takes the records of a bundle.
    ///
    /// # Errors
    /// [`KeySetError`] when an id stands twice or a key names no workload.
    pub fn new(records: Vec<KeyRecord>) -> Result<Self, KeySetError> {
        let mut keys = HashMap::with_capacity_and_hasher(
            records.len(),
            foldhash::fast::RandomState::default(),
        );
        for record in records {
            let KeyRecord { id, secret, tenant, workloads, models, origin, .. } = record;
            if workloads.is_empty() {
                return Err(KeySetError::NoWorkload(id));
            }
            let caller =
                Arc::new(Caller { credential: id.clone(), tenant, workloads, models, origin });
            let entry = Entry {
                secret,
                not_before: record.not_before,
                expires: record.expires,
                revoked: record.revoked,
                caller,
            };
            if keys.insert(id.clone(), entry).is_some() {
                return Err(KeySetError::Duplicate(id));
            }
        }
        Ok(Self { keys })
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key, so that nobody can call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The caller that a presented key proves at `now`.
    ///
    /// `presented` is the key itself, without `Bearer`.
    ///
    /// # Errors
    /// `CredentialMissing`, `CredentialUnknown` (no such id, or a wrong secret: the two are not
    /// told apart), and, only to the holder of the secret, `CredentialRevoked`,
    /// `CredentialExpired` or `CredentialNotYetValid`.
    pub fn verify(&self, presented: Option<&str>, now: Timestamp) -> Result<Arc<Caller>, Refusal> {
        let Some(presented) = presented.filter(|text| !text.is_empty()) else {
            return Err(missing());
        };
        let parts = take_apart(presented);
        let (id, secret) = parts.unwrap_or_default();
        let entry = self.keys.get(id);
        // IDN-1: an unknown id costs the same digest and the same comparison as a known one.
        let expected = entry.map_or(&SecretHash::NOBODY, |entry| &entry.secret);
        let proved = SecretHash::of(secret).matches(expected);
        match entry {
            Some(entry) if proved => entry.standing(now).map(|()| Arc::clone(&entry.caller)),
            Some(_) | None => Err(unknown()),
        }
    }
}

impl Entry {
    /// Whether the key is in its time. Asked only after the secret was proved.
    fn standing(&self, now: Timestamp) -> Result<(), Refusal> {
        let id = &self.caller.credential;
        if let Some(revoked) = self.revoked.filter(|at| *at <= now) {
            return Err(Refusal::new(
                RefusalCode::CredentialRevoked,
                format!("key `{id}` was revoked at {revoked}"),
                "ask the owner of this gateway for a new key",
            ));
        }
        if let Some(expires) = self.expires.filter(|at| *at <= now) {
            return Err(Refusal::new(
                RefusalCode::CredentialExpired,
                format!("key `{id}` expired at {expires}"),
                "ask the owner of this gateway to renew the key",
            ));
        }
        if let Some(start) = self.not_before.filter(|at| now < *at) {
            return Err(Refusal::new(
                RefusalCode::CredentialNotYetValid,
                format!("key `{id}` is not valid before {start}"),
                "use the key from that time on, and check the gateway's clock",
            ));
        }
        Ok(())
    }
}

fn missing() -> Refusal {
    Refusal::new(
        RefusalCode::CredentialMissing,
        "no key was presented",
        "send your Isobar key as `Authorization: Bearer isb_...`, `x-api-key` or `api-key`",
    )
}

fn unknown() -> Refusal {
    Refusal::new(
        RefusalCode::CredentialUnknown,
        "the presented key is not valid here",
        "check that the whole `isb_...` key was copied and that it belongs to this installation",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mint;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_unix_micros(micros)
    }

    fn record(id: &str, hash: &str) -> KeyRecord {
        KeyRecord {
            id: id.parse().unwrap(),
            secret: hash.parse().unwrap(),
            tenant: "acme".parse().unwrap(),
            workloads: vec!["support".parse().unwrap(), "drafts".parse().unwrap()],
            models: ModelGrant::All,
            origin: "EU".parse().unwrap(),
            not_before: None,
            expires: None,
            revoked: None,
        }
    }

    fn one(change: impl FnOnce(&mut KeyRecord)) -> (KeySet, String) {
        let (key, hash) = mint("test", "k1", [7; 32]);
        let mut record = record("k1", &hash);
        change(&mut record);
        (KeySet::new(vec![record]).unwrap(), key)
    }

    fn code(keys: &KeySet, presented: Option<&str>, now: i64) -> RefusalCode {
        let refusal = keys.verify(presented, at(now)).unwrap_err();
        assert!(!refusal.remedy.is_empty());
        refusal.code
    }

    #[test]
    fn a_caller_is_what_the_key_record_says() {
        let (keys, key) = one(|_| ());
        let caller = keys.verify(Some(&key), at(0)).unwrap();
        assert_eq!(caller.tenant.as_str(), "acme");
        assert_eq!(caller.origin.as_str(), "EU");
        assert_eq!(caller.workload(None).unwrap().as_str(), "support");
        assert_eq!(caller.workload(Some("drafts")).unwrap().as_str(), "drafts");
        assert_eq!(caller.workload(Some("other")), None);
    }

    #[test]
    fn no_key_and_an_empty_key_are_missing() {
        let (keys, _) = one(|_| ());
        assert_eq!(code(&keys, None, 0), RefusalCode::CredentialMissing);
        assert_eq!(code(&keys, Some(""), 0), RefusalCode::CredentialMissing);
    }

    #[test]
    fn an_unknown_id_and_a_wrong_secret_are_told_the_same() {
        let (keys, key) = one(|_| ());
        let other_id = key.replace("k1", "k2");
        let (other_secret, _) = mint("test", "k1", [8; 32]);
        let answers = ["sk-something", &other_id, &other_secret]
            .map(|text| keys.verify(Some(text), at(0)).unwrap_err());
        assert!(answers.iter().all(|refusal| *refusal == unknown()));
    }

    #[test]
    fn every_single_changed_character_makes_a_key_unknown() {
        let (keys, key) = one(|_| ());
        let secret_start = key.len() - 64;
        for place in secret_start..key.len() {
            let mut bytes = key.clone().into_bytes();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(code(&keys, Some(&changed), 0), RefusalCode::CredentialUnknown);
        }
    }

    #[test]
    fn a_revoked_key_an_expired_key_and_an_early_key_are_told_apart() {
        let (keys, key) = one(|k| k.revoked = Some(at(10)));
        assert!(keys.verify(Some(&key), at(9)).is_ok());
        assert_eq!(code(&keys, Some(&key), 10), RefusalCode::CredentialRevoked);
        let (keys, key) = one(|k| k.expires = Some(at(10)));
        assert!(keys.verify(Some(&key), at(9)).is_ok());
        assert_eq!(code(&keys, Some(&key), 10), RefusalCode::CredentialExpired);
        let (keys, key) = one(|k| k.not_before = Some(at(10)));
        assert!(keys.verify(Some(&key), at(10)).is_ok());
        assert_eq!(code(&keys, Some(&key), 9), RefusalCode::CredentialNotYetValid);
    }

    #[test]
    fn only_the_holder_of_the_secret_learns_that_a_key_was_revoked() {
        let (keys, _) = one(|k| k.revoked = Some(at(0)));
        let (other_secret, _) = mint("test", "k1", [8; 32]);
        assert_eq!(code(&keys, Some(&other_secret), 5), RefusalCode::CredentialUnknown);
    }

    #[test]
    fn two_keys_of_one_id_and_a_key_without_workload_are_not_a_set() {
        let (_, hash) = mint("test", "k1", [7; 32]);
        let twice = KeySet::new(vec![record("k1", &hash), record("k1", &hash)]);
        assert_eq!(twice.unwrap_err(), KeySetError::Duplicate("k1".parse().unwrap()));
        let mut idle = record("k1", &hash);
        idle.workloads.clear();
        assert!(matches!(KeySet::new(vec![idle]), Err(KeySetError::NoWorkload(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_text_but_the_key_itself_is_accepted(text in "(isb_)?[a-z0-9_]{0,90}") {
            let (keys, key) = one(|_| ());
            proptest::prop_assume!(text != key);
            proptest::prop_assert!(keys.verify(Some(&text), at(0)).is_err());
        }
    }
}
