//! What was measured: figures with units, beside another one and beside a goal.

use serde::Serialize;

/// What a number counts. Of some more is better, of the others less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Each second.
    PerSecond,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Things.
    Count,
}

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// How many.
    pub value: f64,
    /// Of what.
    pub unit: Unit,
}

impl Figure {
    /// So many each second.
    pub fn per_second(value: f64) -> Self {
        Self { value, unit: Unit::PerSecond }
    }

    /// A span of time.
    pub fn seconds(value: f64) -> Self {
        Self { value, unit: Unit::Seconds }
    }

    /// A size.
    pub fn bytes(value: f64) -> Self {
        Self { value, unit: Unit::Bytes }
    }

    /// A number of things.
    pub fn count(value: f64) -> Self {
        Self { value, unit: Unit::Count }
    }

    /// How many times better this one is than the other; below 1 it is worse. Nothing is said of what is zero.
    pub fn times_better(self, other: Self) -> Option<f64> {
        let ratio = match self.unit {
            Unit::PerSecond => self.value / other.value,
            Unit::Seconds | Unit::Bytes | Unit::Count => other.value / self.value,
        };
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }

    /// For people.
    pub fn text(self) -> String {
        match self.unit {
            Unit::PerSecond => format!("{}/s", with_commas(self.value)),
            Unit::Bytes if self.value >= 10.0 * 1024.0 * 1024.0 => {
                format!("{:.1} MiB", self.value / 1024.0 / 1024.0)
            }
            Unit::Bytes => format!("{} B", with_commas(self.value)),
            Unit::Count => with_commas(self.value),
            Unit::Seconds => seconds(self.value),
        }
    }
}

fn seconds(value: f64) -> String {
    match value.abs() {
        0.0 => "0 s".to_owned(),
        least if least < 1e-6 => format!("{:.1} ns", value * 1e9),
        small if small < 1e-3 => format!("{:.1} µs", value * 1e6),
        some if some < 1.0 => format!("{:.2} ms", value * 1e3),
        _ => format!("{value:.2} s"),
    }
}

fn with_commas(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What the project wants of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// No more than so many of the unit of the figure.
    AtMost(f64),
    /// At least so many times as good as what stands beside it.
    TimesAsGood(f64),
}

/// A line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// What was measured.
    pub measure: String,
    /// What we take; nothing if we cannot do it, and then `beside` says so.
    pub ours: Figure,
    /// Whose figure stands beside it: a peer, or the limit.
    pub beside: Beside,
    /// What is wanted.
    pub goal: Option<Goal>,
    /// Whatever else was measured with it.
    pub raw: serde_json::Value,
}

/// What a figure is compared with.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// The figure of somebody.
    Other {
        /// Whose.
        who: String,
        /// What they take.
        figure: Figure,
    },
    /// Somebody who cannot do it, in words.
    Cannot(String),
}

impl Line {
    /// A figure alone.
    pub fn new(measure: impl Into<String>, ours: Figure) -> Self {
        let (beside, raw) = (Beside::Nothing, serde_json::Value::Null);
        Self { measure: measure.into(), ours, beside, goal: None, raw }
    }

    /// Beside the figure of somebody.
    pub fn beside(self, who: impl Into<String>, figure: Figure) -> Self {
        Self { beside: Beside::Other { who: who.into(), figure }, ..self }
    }

    /// Beside somebody who cannot do it.
    pub fn cannot(self, what: impl Into<String>) -> Self {
        Self { beside: Beside::Cannot(what.into()), ..self }
    }

    /// With a goal.
    pub fn goal(self, goal: Goal) -> Self {
        Self { goal: Some(goal), ..self }
    }

    /// With what else was measured.
    pub fn raw(self, raw: impl Serialize) -> anyhow::Result<Self> {
        Ok(Self { raw: serde_json::to_value(raw)?, ..self })
    }

    /// How many times better ours is.
    pub fn ratio(&self) -> Option<f64> {
        match &self.beside {
            Beside::Other { figure, .. } => self.ours.times_better(*figure),
            Beside::Nothing | Beside::Cannot(_) => None,
        }
    }

    /// Whether the goal is reached; nothing where there is none, or nothing to hold it against.
    pub fn holds(&self) -> Option<bool> {
        match self.goal? {
            Goal::AtMost(most) => Some(self.ours.value <= most),
            Goal::TimesAsGood(times) => Some(self.ratio()? >= times),
        }
    }
}
