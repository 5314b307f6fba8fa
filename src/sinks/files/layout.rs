//! Which rows go to which file, and what is still to be written.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::clock::Nanos;
use crate::domain::symbol::Symbol;
use crate::domain::time::{SessionCalendar, UnixMs};

use super::Target;
use super::rows::Kind;
use super::table::Table;

/// What needs no escape in the name of a folder.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'^');

/// The rows that go to one file, or to one folder of parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Partition {
    pub kind: Kind,
    /// Empty in a single file.
    symbol: String,
    /// The trading day, `2019-02-13`; empty in a single file, `unknown` for rows without a time.
    date: String,
}

impl Partition {
    pub fn whole(kind: Kind) -> Self {
        Self {
            kind,
            symbol: String::new(),
            date: String::new(),
        }
    }

    pub fn of(
        kind: Kind,
        symbol: &Symbol,
        time: Option<UnixMs>,
        calendar: SessionCalendar,
    ) -> Self {
        let date = time.and_then(|time| time.in_zone(calendar.zone()));
        Self {
            kind,
            symbol: symbol.to_string(),
            date: date.map_or_else(
                || "unknown".to_owned(),
                |date| date.format("%Y-%m-%d").to_string(),
            ),
        }
    }

    /// The folder of its parts; of a single file, nothing.
    pub fn folder(&self, target: &Target) -> Option<PathBuf> {
        let Target::Folder(folder) = target else {
            return None;
        };
        let symbol = utf8_percent_encode(&self.symbol, PLAIN);
        let folder = folder
            .join(self.kind.to_string())
            .join(format!("date={}", self.date));
        Some(folder.join(format!("symbol={symbol}")))
    }
}

/// The rows that have not been written yet.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    open: BTreeMap<Partition, (Nanos, Table)>,
}

impl Partitions {
    /// The table of a partition; `make` makes it when there is none.
    pub fn table(
        &mut self,
        partition: &Partition,
        now: Nanos,
        make: impl FnOnce() -> Table,
    ) -> &mut Table {
        let waiting = self.open.entry(partition.clone());
        &mut waiting.or_insert_with(|| (now, make())).1
    }

    pub fn take(&mut self, partition: &Partition) -> Option<Table> {
        self.open.remove(partition).map(|(_, table)| table)
    }

    /// The day of the same table and symbol before that of `partition`, if rows of it are waiting.
    pub fn finished_by(&mut self, partition: &Partition) -> Option<(Partition, Table)> {
        if self.open.contains_key(partition) {
            return None;
        }
        let mut before = self.open.range(..partition);
        let (last, _) = before.next_back()?;
        if last.kind != partition.kind || last.symbol != partition.symbol {
            return None;
        }
        let last = last.clone();
        let table = self.take(&last)?;
        Some((last, table))
    }

    /// Takes out what has waited for as long as `age`.
    pub fn older_than(&mut self, age: Duration, now: Nanos) -> Vec<(Partition, Table)> {
        let is_old = |since: &Nanos| now.since(*since) >= age;
        let old: Vec<Partition> = self
            .open
            .iter()
            .filter(|(_, (since, _))| is_old(since))
            .map(|(partition, _)| partition.clone())
            .collect();
        let mut taken = Vec::with_capacity(old.len());
        for partition in old {
            if let Some(table) = self.take(&partition) {
                taken.push((partition, table));
            }
        }
        taken
    }

    pub fn take_all(&mut self) -> Vec<(Partition, Table)> {
        let open = std::mem::take(&mut self.open);
        let open = open.into_iter();
        open.map(|(partition, (_, table))| (partition, table))
            .collect()
    }
}
