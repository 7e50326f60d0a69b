//! Seeded randomness: the same seed and the same sequence number give the same ids and jitter.

/// SplitMix64 (Steele, Lea, Flood 2014): one addition and three mixes per number, any seed is good.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Random {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = Self(stream ^ 0x5851_F42D_4C95_7F2D);
        Self(seed ^ mixed.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.next().checked_rem(span).unwrap_or(0))
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        let draw = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(draw) / (f64::from(u32::MAX) + 1.0) < probability
    }

    /// `prefix` followed by `length` letters and digits, as vendors make their ids.
    pub(crate) fn id(&mut self, prefix: &str, length: usize) -> String {
        let mut id = String::with_capacity(prefix.len() + length);
        id.push_str(prefix);
        let mut bits = 0;
        for place in 0..length {
            if place % 10 == 0 {
                bits = self.next();
            }
            let digit = usize::try_from(bits % 62).unwrap_or(0);
            id.push(char::from(BASE62.get(digit).copied().unwrap_or(b'0')));
            bits /= 62;
        }
        id
    }

    /// A random UUID (version 4).
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        let high = high & !0xF000 | 0x4000;
        let low = low & !(0b11 << 62) | 0b10 << 62;
        let text = format!("{high:016x}{low:016x}");
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }
}

/// FNV-1a over the body: short, stable, and no evidence of anything but sameness.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        assert_eq!(Random::new(7, 1).id("msg_", 24), Random::new(7, 1).id("msg_", 24));
        assert_ne!(Random::new(7, 1).id("msg_", 24), Random::new(7, 2).id("msg_", 24));
    }

    #[test]
    fn certain_and_impossible_are_exact() {
        let mut random = Random::new(3, 3);
        assert!((0..1000).all(|_| random.chance(1.0)));
        assert!((0..1000).all(|_| !random.chance(0.0)));
    }
}
