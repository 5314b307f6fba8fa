//! A line that is a row of a table.

use crate::domain::event::{DataService, Event};
use crate::domain::file_table::FileTable;
use crate::domain::symbol::Resolution;

use super::{Fault, LineDecoder, payload, unknown_service};

impl<R: FnMut(&str) -> Resolution> LineDecoder<'_, '_, R> {
    /// Decodes the whole line as a row of a table.
    pub(super) fn row(
        &mut self,
        start: usize,
        symbol: &str,
        service: Option<Result<DataService, String>>,
    ) -> Result<(), Fault> {
        self.scanner.move_to(start);
        let service = match service {
            Some(Ok(service)) => service,
            Some(Err(name)) => return Err(unknown_service(&name)),
            None => {
                let service = self.service_of_keys()?;
                self.scanner.move_to(start);
                service
            }
        };
        let id = match (self.resolve)(symbol) {
            Resolution::Subscribed(id) => id,
            Resolution::Ignored => {
                self.line.ignored += 1;
                return Ok(());
            }
            other => return self.unresolved(symbol, &other),
        };
        match payload::flat::decode(&mut self.scanner, service) {
            Ok(row) => {
                self.line.time = row.time;
                self.line.timeframe = row.timeframe;
                self.events.push(Event {
                    symbol: id,
                    time: row.time,
                    payload: row.payload,
                });
            }
            Err(Fault::Schema(reason)) => self.reject(symbol, reason),
            Err(fault) => return Err(fault),
        }
        Ok(())
    }

    /// Which service a row is of, by its keys.
    fn service_of_keys(&mut self) -> Result<DataService, Fault> {
        let mut keys = Vec::new();
        self.scanner.expect(b'{', "an object is missing")?;
        let mut more = !self.scanner.take(b'}');
        while more {
            keys.push(self.scanner.key()?.value()?);
            self.scanner.skip()?;
            more = self.scanner.another(b'}')?;
        }
        FileTable::service_of_columns(|name| keys.iter().any(|key| key == name)).ok_or_else(|| {
            Fault::Schema("the row has no fields of bars, quotes, trades or news".to_owned())
        })
    }
}
