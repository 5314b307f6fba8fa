//! Which kinds of data are asked for.

use std::str::FromStr;

use crate::domain::event::DataService;

/// A set of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Services(u8);

impl Services {
    /// Every service.
    pub const ALL: Self = Self(0b1_1111);

    /// A set of these services.
    #[must_use]
    pub fn of(services: &[DataService]) -> Self {
        Self(services.iter().fold(0, |set, &one| set | bit(one)))
    }

    /// Whether a service belongs to the set.
    #[must_use]
    pub fn contains(self, service: DataService) -> bool {
        self.0 & bit(service) != 0
    }

    /// Whether the set has no service that is not in `other` too.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

fn bit(service: DataService) -> u8 {
    1 << service as u8
}

impl FromStr for Services {
    type Err = String;

    /// Reads names separated by commas or `+`, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut set = Self::default();
        for name in text.split([',', '+']) {
            let service =
                DataService::from_name(&name.trim().to_ascii_uppercase()).ok_or_else(|| {
                    format!(
                        "'{name}' is no service; there are OHLCV, LEVEL1, LEVEL2, TIMESALE and NEWS"
                    )
                })?;
            set.0 |= bit(service);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_and_asked() {
        let set: Services = "ohlcv,NEWS".parse().unwrap_or_default();
        assert_eq!(set, Services::of(&[DataService::News, DataService::Ohlcv]));
        assert!(set.contains(DataService::News) && !set.contains(DataService::Level1));
        assert!(set.is_within(Services::ALL) && !Services::ALL.is_within(set));
        assert!("OHLCV,,NEWS".parse::<Services>().is_err());
        assert!("".parse::<Services>().is_err());
    }
}
