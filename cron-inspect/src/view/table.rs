//! Tables that fit the terminal: columns give way in the order in which a reader misses them least.

use anstyle::Style;

use super::style;
use super::text::Text;

/// Between two columns.
const GAP: usize = 2;

/// A table without lines around its cells.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Text>>,
    indent: usize,
}

/// A column and how it gives way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    fit: Fit,
    is_right: bool,
    /// How soon it is left out; `None` for never.
    optional: Option<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Fit {
    /// Always as wide as its widest cell.
    Keep,
    /// Cut to no less than this.
    Cut(usize),
    /// Broken into lines of no less than this.
    Wrap(usize),
    /// Broken into lines where a name has a seam, so that no word of it is torn.
    Name,
}

/// A name that gives way keeps this much, unless it is shorter.
const LEAST_NAME: usize = 12;

/// A single word of a name that is longer than this is torn all the same, or it would fill the screen.
const LONGEST_WORD: usize = 40;

impl Column {
    pub(crate) const fn new(title: &'static str) -> Self {
        Self { title, fit: Fit::Keep, is_right: false, optional: None }
    }

    /// A column of names, which are broken at their seams and nowhere else.
    pub(crate) const fn name(title: &'static str) -> Self {
        Self { fit: Fit::Name, ..Self::new(title) }
    }

    pub(crate) const fn cut(self, least: usize) -> Self {
        Self { fit: Fit::Cut(least), ..self }
    }

    pub(crate) const fn wrap(self, least: usize) -> Self {
        Self { fit: Fit::Wrap(least), ..self }
    }

    pub(crate) const fn right(self) -> Self {
        Self { is_right: true, ..self }
    }

    /// Left out where the others need the room, the one with the highest number first.
    pub(crate) const fn optional(self, order: u8) -> Self {
        Self { optional: Some(order), ..self }
    }

    /// How narrow it may become, with a longest word of so many columns.
    fn least(&self, natural: usize, word: usize) -> usize {
        match self.fit {
            Fit::Keep => natural,
            Fit::Cut(least) | Fit::Wrap(least) => natural.min(least.max(self.title.len())),
            Fit::Name => natural.min(LEAST_NAME.max(self.title.len()).max(word.min(LONGEST_WORD))),
        }
    }
}

impl Table {
    pub(crate) fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new(), indent: 0 }
    }

    /// Labels and values, without a header.
    pub(crate) fn card() -> Self {
        Self::new([Column::new(""), Column::new("").wrap(20)]).indented()
    }

    pub(crate) fn indented(mut self) -> Self {
        self.indent = 2;
        self
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Text>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A row of a card.
    pub(crate) fn fact(&mut self, label: &str, value: Text) {
        self.row([Text::styled(style::LABEL, label), value]);
    }

    /// The lines of the table in at most `width` columns, if that is possible at all.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        let shown = self.shown(width);
        let mut out = String::new();
        if self.columns.iter().any(|column| !column.title.is_empty()) {
            let titles = shown.iter().map(|(at, width)| {
                let title = Text::styled(style::TITLE, self.columns[*at].title);
                (*at, *width, vec![title])
            });
            self.write(&mut out, titles.collect());
        }
        for row in &self.rows {
            let cells = shown.iter().map(|(at, width)| {
                let cell = row.get(*at).cloned().unwrap_or_default();
                let lines = match self.columns[*at].fit {
                    Fit::Keep | Fit::Cut(_) => vec![cell.cut(*width)],
                    Fit::Wrap(_) => cell.wrap(*width),
                    Fit::Name => cell.wrap_name(*width),
                };
                (*at, *width, lines)
            });
            self.write(&mut out, cells.collect());
        }
        out
    }

    /// Which columns are shown, and how wide.
    fn shown(&self, width: Option<usize>) -> Vec<(usize, usize)> {
        let natural = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(Text::width).max().unwrap_or(0);
            (cells > 0).then(|| cells.max(self.columns[at].title.len()))
        };
        let mut shown: Vec<(usize, usize)> =
            (0..self.columns.len()).filter_map(|at| Some((at, natural(at)?))).collect();
        let Some(width) = width else { return shown };
        let room = width.saturating_sub(self.indent);
        let words: Vec<usize> = (0..self.columns.len()).map(|at| self.longest_word(at)).collect();
        let least = |shown: &[(usize, usize)]| {
            let columns: usize =
                shown.iter().map(|(at, natural)| self.columns[*at].least(*natural, words[*at])).sum();
            columns + GAP * shown.len().saturating_sub(1)
        };
        while least(&shown) > room
            && let Some(first) = (0..shown.len())
                .filter(|shown_at| self.columns[shown[*shown_at].0].optional.is_some())
                .max_by_key(|shown_at| self.columns[shown[*shown_at].0].optional)
        {
            shown.remove(first);
        }
        let gaps = GAP * shown.len().saturating_sub(1);
        while shown.iter().map(|(_, width)| width).sum::<usize>() + gaps > room {
            // The widest one gives way first, so that narrow ones stay whole.
            let widest = shown
                .iter_mut()
                .filter(|(at, width)| *width > self.columns[*at].least(*width, words[*at]))
                .max_by_key(|(_, width)| *width);
            let Some((_, width)) = widest else { break };
            *width -= 1;
        }
        shown
    }

    /// The longest word of the names in a column; no other column asks for it.
    fn longest_word(&self, at: usize) -> usize {
        match self.columns[at].fit {
            Fit::Keep | Fit::Cut(_) | Fit::Wrap(_) => 0,
            Fit::Name => {
                self.rows.iter().filter_map(|row| row.get(at)).map(Text::longest_word).max().unwrap_or(0)
            }
        }
    }

    /// Writes one row; cells of several lines make it as high as the highest.
    fn write(&self, out: &mut String, cells: Vec<(usize, usize, Vec<Text>)>) {
        let height = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or(0);
        for number in 0..height {
            let mut blanks = self.indent;
            for (at, width, lines) in &cells {
                let empty = Text::new();
                let line = lines.get(number).unwrap_or(&empty);
                let rest = width.saturating_sub(line.width());
                let before = if self.columns[*at].is_right { rest } else { 0 };
                // Blanks are written only once something follows them.
                if line.is_empty() {
                    blanks += width + GAP;
                    continue;
                }
                out.push_str(&" ".repeat(blanks + before));
                out.push_str(&line.render());
                blanks = rest - before + GAP;
            }
            out.push('\n');
        }
    }
}

/// A headline over a part of the output.
pub(crate) fn heading(title: &str) -> String {
    format!("\n{}\n", Text::styled(style::HEADING, title).render())
}

/// A line of its own, wrapped.
pub(crate) fn paragraph(text: &Text, indent: usize, width: Option<usize>) -> String {
    let lines = match width {
        Some(width) => text.wrap(width.saturating_sub(indent).max(20)),
        None => vec![text.clone()],
    };
    lines.iter().map(|line| format!("{}{}\n", " ".repeat(indent), line.render())).collect()
}

/// A line for what is worth knowing beside the result.
pub(crate) fn footer(text: impl AsRef<str>, width: Option<usize>) -> String {
    paragraph(&Text::styled(Style::new().dimmed(), text), 0, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            Column::new("RUN").right(),
            Column::new("JOB").cut(6),
            Column::new("NOTE").optional(1),
            Column::new("NEVER"),
            Column::new("ERROR").wrap(8),
        ]);
        let row = |run, job, note, error| [run, job, note, "", error].map(Text::plain);
        table.row(row("9", "heartbeat", "manual", "connection refused"));
        table.row(row("10", "ping", "", ""));
        table
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn without_a_width_nothing_is_cut_and_empty_columns_are_left_out() {
        let want = "RUN  JOB        NOTE    ERROR\n  9  heartbeat  manual  connection refused\n 10  ping\n";
        assert_eq!(plain(&table().render(None)), want);
    }

    #[test]
    fn names_are_broken_at_their_seams() {
        let mut table = Table::new([Column::name("JOB"), Column::new("ERROR").cut(6)]);
        table.row(["billing/close-month-for-everybody", "connection refused"].map(Text::plain));
        let want = "JOB            ERROR\nbilling/       connection r…\nclose-month-\nfor-everybody\n";
        assert_eq!(plain(&table.render(Some(28))), want);
        let wide = "JOB                                ERROR\nbilling/close-month-for-everybody  connection refused\n";
        assert_eq!(plain(&table.render(None)), wide);
    }

    #[test]
    fn in_a_narrow_terminal_columns_give_way() {
        let want = "RUN  JOB        ERROR\n  9  heartbeat  connection\n                refused\n 10  ping\n";
        assert_eq!(plain(&table().render(Some(27))), want);
    }
}
