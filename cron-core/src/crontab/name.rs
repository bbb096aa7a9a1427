//! The name of a job that a crontab does not name.

use std::collections::{HashMap, HashSet};

use super::CrontabJob;
use crate::hash::Fnv;

/// How much of a program's name is kept.
const LONGEST: usize = 40;

/// `<program>-<6 hex of user, command and input>`.
pub(super) fn identity(user: Option<&str>, command: &str, stdin: Option<&str>) -> String {
    let part = |hash: Fnv, text: &str| hash.u64(text.len() as u64).bytes(text.as_bytes());
    let parts = [user.unwrap_or_default(), command, stdin.unwrap_or_default()];
    let hash = parts.into_iter().fold(Fnv::new(), part).finish();
    format!("{}-{:06x}", program(command), hash & 0xff_ffff)
}

/// The program that a command runs: its first word that is one. A change of the directory, a test, and variables in front are not.
fn program(command: &str) -> String {
    // What a shell reads as something else than the name of a program.
    const OTHERS: [&str; 12] =
        ["if", "then", "else", "do", "!", "{", "(", "exec", "command", "nohup", "time", "while"];
    // What only prepares, up to the next part of the line.
    const PREPARES: [&str; 5] = ["cd", "test", "[", "[[", "."];
    let mut prepares = false;
    for word in command.split([' ', '\t']).filter(|word| !word.is_empty()).take(64) {
        let bare = word.trim_start_matches('(');
        if prepares {
            prepares = !(word.ends_with(';') || matches!(word, "&&" | "||"));
        } else if OTHERS.contains(&word) || bare.is_empty() || bare.starts_with('-') || is_assignment(bare) {
            // The program comes behind it.
        } else if PREPARES.contains(&bare) {
            prepares = true;
        } else if let Some(name) = base_name(bare) {
            return name;
        }
    }
    let first = command.split([' ', '\t']).find_map(base_name);
    first.unwrap_or_else(|| "job".to_owned())
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The last part of a path, in the characters that names of jobs have.
fn base_name(word: &str) -> Option<String> {
    let word = word.trim_end_matches([';', ')', '/']);
    let name: String = word
        .rsplit('/')
        .next()?
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .take(LONGEST)
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Gives jobs of the same identity names of their own: `-2` for the second, and so on. A name that somebody has chosen stays.
pub(super) fn number(jobs: &mut [CrontabJob], chosen: &HashSet<String>) {
    let mut taken = chosen.clone();
    let mut last: HashMap<String, usize> = HashMap::new();
    for job in jobs.iter_mut().filter(|job| !chosen.contains(&job.name)) {
        let number = last.entry(job.identity.clone()).or_insert(0);
        loop {
            *number += 1;
            let name = if *number == 1 { job.identity.clone() } else { format!("{}-{number}", job.identity) };
            if taken.insert(name.clone()) {
                job.name = name;
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found() {
        for (command, name) in [
            ("/usr/bin/backup --all", "backup"),
            ("backup", "backup"),
            ("cd / && run-parts --report /etc/cron.hourly", "run-parts"),
            ("cd /srv; ./report.sh", "report.sh"),
            ("test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", "run-parts"),
            ("if [ -x /usr/bin/munin-cron ]; then /usr/bin/munin-cron; fi", "munin-cron"),
            ("[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean", "sessionclean"),
            ("LANG=C A=b /opt/x/y.sh", "y.sh"),
            ("exec nohup worker", "worker"),
            ("command -v debian-sa1 > /dev/null && debian-sa1 1 1", "debian-sa1"),
            ("\"$HOME\"/bin/clean", "clean"),
            ("@SA_LIB_DIR@/sa1 1200 3", "sa1"),
            ("cd /tmp", "cd"),
            ("日本", "job"),
            ("(", "job"),
            ("", "job"),
        ] {
            assert_eq!(program(command), name, "{command}");
        }
        assert_eq!(program(&"x".repeat(500)).len(), LONGEST);
    }

    #[test]
    fn who_does_what_with_which_input_is_the_identity() {
        let name = identity(None, "backup --all", None);
        assert!(name.starts_with("backup-") && name.len() == "backup-".len() + 6, "{name}");
        crate::job::JobName::check(&name).expect("a name");
        for other in [
            identity(Some("root"), "backup --all", None),
            identity(None, "backup", None),
            identity(None, "backup --all", Some("x\n")),
        ] {
            assert_ne!(name, other);
        }
        // Kept over releases: the history of a job hangs on it.
        assert_eq!(identity(Some("root"), "backup --all", Some("x\n")), "backup-28658f");
        assert_eq!(name, "backup-c0eb85");
    }
}
