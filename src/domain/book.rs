//! Level 2: an order book's levels.

use super::Decimal;

/// One level: a price and the units resting there. Size zero removes the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Price per unit.
    pub price: Decimal,
    /// Units resting at that price.
    pub size: Decimal,
}

/// A whole book or a change to one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookUpdate {
    /// Buy levels, in the order that the source gave them.
    pub bids: Vec<Level>,
    /// Sell levels, in the order that the source gave them.
    pub asks: Vec<Level>,
    /// Whether the levels replace the book instead of changing it.
    pub snapshot: bool,
    /// Levels of a side that the source speaks of: what lies beyond is cut off after every update, because the source
    /// does not say when it goes. `None` when every level is told.
    pub depth: Option<u32>,
    /// Of a whole book: as many levels of a side as were asked for. A side that has so many goes on beyond them, where
    /// nothing is known but what changes. `None` when all levels are there.
    pub limit: Option<u32>,
    /// How it is known that no update before this one is missing.
    pub proof: BookProof,
    /// The venue's number of this state of the book.
    pub sequence: Option<u64>,
}

/// How it is known that a book is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BookProof {
    /// It is not: the venue gives nothing to go by.
    #[default]
    None,
    /// Sequence numbers, which the source has followed.
    Sequence,
    /// The checksum that the book has to have once the update is in.
    Crc32(u32),
}

/// How far a book can be relied on, in results and on screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Integrity {
    /// Its checksum has been compared.
    Verified,
    /// No update is missing, by the venue's sequence numbers.
    Sequenced,
    /// The venue gives nothing to go by.
    #[default]
    Unverified,
}

impl Integrity {
    /// The name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Sequenced => "sequenced",
            Self::Unverified => "unverified",
        }
    }
}

impl From<BookProof> for Integrity {
    fn from(proof: BookProof) -> Self {
        match proof {
            BookProof::None => Self::Unverified,
            BookProof::Sequence => Self::Sequenced,
            BookProof::Crc32(_) => Self::Verified,
        }
    }
}

/// The best levels of a book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookTop {
    /// Buy levels, highest price first.
    pub bids: Vec<Level>,
    /// Sell levels, lowest price first.
    pub asks: Vec<Level>,
    /// How far it can be relied on.
    pub integrity: Integrity,
    /// The venue's number of this state of the book.
    pub sequence: Option<u64>,
}
