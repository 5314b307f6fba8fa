//! The news of all symbols.

use std::sync::Arc;

use crate::domain::news::News;
use crate::domain::source::SourceName;
use crate::domain::symbol::SymbolId;
use crate::domain::time::UnixMs;

use super::super::snapshot::{NEWS_MAX, NewsRow};
use super::Board;

impl Board {
    /// Takes over a headline. One that has come for another symbol already is not a new one.
    pub fn news(&mut self, id: SymbolId, time: Option<UnixMs>, news: &News, wall: UnixMs) {
        let Some(source) = self.rows.get(id).map(|row| row.source.clone()) else {
            return;
        };
        let is_same = |row: &NewsRow| {
            row.time == time
                && row.source == source
                && row.news.headline == news.headline
                && row.news.url == news.url
        };
        if let Some(at) = self.news.iter().rposition(is_same) {
            if !self.news[at].symbols.contains(&id) {
                Arc::make_mut(&mut self.news)[at].symbols.push(id);
            }
            return;
        }
        let rows = Arc::make_mut(&mut self.news);
        // What is loaded of the time before comes from all symbols at once, in any order.
        let is_before = |row: &NewsRow| row.time.is_none() || row.time <= time;
        let mut at = match time {
            Some(_) => rows.iter().rposition(is_before).map_or(0, |at| at + 1),
            None => rows.len(),
        };
        if rows.len() >= NEWS_MAX {
            if at == 0 {
                return;
            }
            rows.remove(0);
            at -= 1;
        }
        self.next_news += 1;
        let row = NewsRow {
            id: self.next_news,
            time,
            received: wall,
            source,
            symbols: vec![id],
            news: Arc::new(news.clone()),
        };
        rows.insert(at, row);
    }

    /// A source goes on from `time`: its news of later times go. Those without a time stay, because they may be of before.
    pub fn forget_news_after(&mut self, source: &SourceName, time: UnixMs) {
        let is_later =
            |row: &NewsRow| row.source == *source && row.time.is_some_and(|at| at > time);
        if self.news.iter().any(is_later) {
            Arc::make_mut(&mut self.news).retain(|row| !is_later(row));
        }
    }

    /// A symbol has been removed: what came for it alone goes with it.
    pub(super) fn forget_news_of(&mut self, id: SymbolId) {
        if !self.news.iter().any(|row| row.symbols.contains(&id)) {
            return;
        }
        let rows = Arc::make_mut(&mut self.news);
        for row in &mut *rows {
            row.symbols.retain(|symbol| *symbol != id);
        }
        rows.retain(|row| !row.symbols.is_empty());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use crate::domain::symbol::Symbol;

    use super::super::super::snapshot::Row;
    use super::*;

    fn board() -> Board {
        let mut board = Board::new(10);
        for (id, source) in [(0, "a"), (1, "a"), (2, "b")] {
            let symbol = Symbol::new(&format!("S{id}")).unwrap();
            board
                .rows
                .insert(Row::waiting(SymbolId(id), symbol, SourceName::new(source)));
        }
        board
    }

    fn news(headline: &str) -> News {
        News {
            headline: headline.to_owned(),
            ..News::default()
        }
    }

    #[test]
    fn an_item_of_several_symbols_is_one_row() {
        let mut board = board();
        let (item, time) = (news("x"), Some(UnixMs(5)));
        for id in [0, 1, 1, 2] {
            board.news(SymbolId(id), time, &item, UnixMs(9));
        }
        board.news(SymbolId(0), Some(UnixMs(6)), &item, UnixMs(9));
        let rows = |board: &Board| -> Vec<(u64, Vec<u32>)> {
            let rows = board.news.iter();
            rows.map(|row| (row.id, row.symbols.iter().map(|id| id.0).collect()))
                .collect()
        };
        assert_eq!(rows(&board), [(1, vec![0, 1]), (2, vec![2]), (3, vec![0])]);
        board.remove(SymbolId(0));
        assert_eq!(rows(&board), [(1, vec![1]), (2, vec![2])]);
    }

    #[test]
    fn news_stand_in_the_order_of_their_times() {
        let mut board = board();
        for (headline, time) in [
            ("c", Some(7)),
            ("a", Some(5)),
            ("untimed", None),
            ("b", Some(6)),
            ("d", Some(8)),
            ("b2", Some(6)),
        ] {
            board.news(SymbolId(0), time.map(UnixMs), &news(headline), UnixMs(9));
        }
        let headlines = board.news.iter().map(|row| row.news.headline.as_str());
        let headlines: Vec<&str> = headlines.collect();
        assert_eq!(headlines, ["a", "c", "untimed", "b", "b2", "d"]);
    }

    #[test]
    fn after_a_jump_back_what_is_yet_to_come_is_not_there() {
        let mut board = board();
        let news_of = |board: &mut Board, id, headline: &str, time: Option<i64>| {
            board.news(SymbolId(id), time.map(UnixMs), &news(headline), UnixMs(9));
        };
        for (headline, time) in [("a", 5), ("b", 6), ("c", 7)] {
            news_of(&mut board, 0, headline, Some(time));
        }
        news_of(&mut board, 1, "untimed", None);
        news_of(&mut board, 2, "of another source", Some(8));
        board.forget_news_after(&SourceName::new("a"), UnixMs(6));
        let headlines = |board: &Board| -> Vec<String> {
            let rows = board.news.iter();
            rows.map(|row| row.news.headline.clone()).collect()
        };
        assert_eq!(
            headlines(&board),
            ["a", "b", "untimed", "of another source"]
        );
        news_of(&mut board, 0, "c", Some(7));
        assert_eq!(
            headlines(&board),
            ["a", "b", "untimed", "c", "of another source"],
            "it comes again, at its time"
        );
    }

    #[test]
    fn the_board_keeps_a_bounded_number_of_news() {
        let mut board = board();
        for n in 0..2 * NEWS_MAX {
            board.news(SymbolId(0), None, &news(&n.to_string()), UnixMs(0));
        }
        assert_eq!(board.news.len(), NEWS_MAX);
        assert_eq!(board.news.last().unwrap().id, 2 * NEWS_MAX as u64);
        // One that is older than all of them has no room.
        let mut board = self::board();
        for n in 0..=NEWS_MAX as i64 {
            board.news(SymbolId(0), Some(UnixMs(n)), &news("x"), UnixMs(0));
        }
        board.news(SymbolId(0), Some(UnixMs(0)), &news("old"), UnixMs(0));
        assert_eq!(board.news.len(), NEWS_MAX);
        assert_eq!(board.news[0].time, Some(UnixMs(1)));
    }
}
