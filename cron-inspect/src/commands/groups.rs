//! `inspect groups`

use cron_runtime::store::{GroupInfo, Ledger};
use serde::Serialize;

use crate::context::{Context, Screen};
use crate::failure::Failure;
use crate::view::table::{Column, Table, footer};
use crate::view::text::Text;
use crate::view::{json, style, time};

#[derive(Serialize)]
struct Json<'a> {
    groups: Vec<json::Group<'a>>,
}

pub(crate) fn groups(context: &Context) -> Result<(), Failure> {
    let groups = context.ledger()?.groups()?;
    let json = Json { groups: groups.iter().map(json::Group::from).collect() };
    context.show(&json, |screen| text(&groups, screen))
}

fn text(groups: &[GroupInfo], screen: &Screen) -> String {
    if groups.is_empty() {
        return footer("no groups", screen.width);
    }
    let mut table = Table::new([
        Column::name("GROUP"),
        Column::new("JOBS").right(),
        Column::new("ACTIVE").right(),
        Column::new("AT MOST"),
        Column::new("PAUSED").wrap(20),
    ]);
    for group in groups {
        let paused = match &group.paused {
            None => Text::new(),
            Some(pause) => Text::styled(
                style::WARNING,
                format!("{}, {}", time::relative(pause.at, screen.now), pause.reason()),
            ),
        };
        let most = group.max_running.map(|most| format!("{most} running")).unwrap_or_default();
        table.row([
            Text::styled(style::BOLD, group.name.as_str()),
            Text::plain(group.jobs.to_string()),
            Text::plain(group.active.to_string()),
            Text::plain(most),
            paused,
        ]);
    }
    table.render(screen.width)
}
