//! Lines, one rule each.

use super::{Crontab, CrontabJob, CrontabMistake, CrontabNotice, CrontabTime, Form, MAX_MISTAKES, Mail};
use crate::job::options::{Key, Value};
use crate::schedule::Schedule;

fn read(text: &str) -> Crontab {
    Crontab::read(text, Form::User, Some("Europe/London")).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

fn refuse(text: &str, form: Form) -> Vec<CrontabMistake> {
    Crontab::read(text, form, Some("Europe/London")).expect_err(text)
}

fn one(text: &str) -> CrontabJob {
    let crontab = read(text);
    assert_eq!(crontab.jobs().len(), 1, "{text}");
    crontab.jobs()[0].clone()
}

fn cron(job: &CrontabJob) -> &str {
    match &job.time {
        CrontabTime::Times { cron, .. } => cron,
        CrontabTime::Boot => "@reboot",
    }
}

fn notices(text: &str) -> Vec<String> {
    read(text).warnings().iter().map(|warning| warning.notice().to_string()).collect()
}

#[test]
fn schedules_in_our_words() {
    for (line, ours) in [
        ("*/15 * * * * x", "*/15 * * * *"),
        ("0\t3\t*\t*\t6\tx", "0 3 * * 6"),
        ("  0 3 * * sun   x  ", "0 3 * * sun"),
        // One of the two days is enough.
        ("0 0 13 * 5 x", "0 0 13 * 5"),
        ("0 0 1-7 * 1 x", "0 0 1-7 * 1"),
        // A field that begins with a star: both.
        ("0 0 */2 * 1 x", "0 0 */2 * +1"),
        ("0 0 13 * */2 x", "0 0 13 * +*/2"),
        ("0 0 *,5 * 1-5 x", "0 0 *,5 * +1-5"),
        ("0 0 */2 * */2 x", "0 0 */2 * +*/2"),
        // Every day in one of them: both rules say the same.
        ("0 0 */2 * * x", "0 0 */2 * *"),
        ("0 0 * * */2 x", "0 0 * * */2"),
        ("@daily x", "@daily"),
        ("@annually x", "@annually"),
        ("@reboot x", "@reboot"),
        ("-0 3 * * * x", "0 3 * * *"),
        ("-@hourly x", "@hourly"),
    ] {
        let job = one(line);
        let schedule = (ours != "@reboot").then(|| Schedule::cron(ours, "Europe/London").expect(ours));
        assert_eq!((job.schedule(), job.command.as_str()), (schedule.as_ref(), "x"), "{line}");
        assert_eq!(job.is_quiet, line.starts_with('-'), "{line}");
    }
    // By the rule of Vixie: odd days that are a Monday.
    let job = one("0 6 */2 * 1 x");
    let ticks: Vec<String> = job
        .schedule()
        .expect("a schedule")
        .iter_after("2026-03-01T12:00:00Z".parse().expect("an instant"))
        .take(3)
        .map(|tick| tick.format("%F %R").to_string())
        .collect();
    assert_eq!(ticks, ["2026-03-09 06:00", "2026-03-23 06:00", "2026-04-13 05:00"]);
}

#[test]
fn a_value_by_chance_is_fixed() {
    let text = "0~30 2 * * * backup\n";
    let job = one(text);
    let minute: u32 = cron(&job).split(' ').next().and_then(|minute| minute.parse().ok()).expect("a minute");
    assert!(minute <= 30, "{minute}");
    assert_eq!(job.written, "0~30 2 * * *");
    // Another hour, another place, more blanks: the same minute.
    let moved = one("# moved\n0~30   5 * * *\tbackup");
    assert_eq!(cron(&moved), format!("{minute} 5 * * *"));
    assert_eq!(moved.name, job.name);
    let told = notices(text);
    assert_eq!(
        told,
        [format!("`0~30 2 * * *` is `{minute} 2 * * *`, chosen by a hash of the name of the job")]
    );
}

#[test]
fn settings_count_from_their_line_on() {
    let crontab = read(
        "0 1 * * * a\n\
         SHELL=/bin/bash\nHOME = /srv\nPATH=/bin\nMAILTO=ana\nMAILFROM=cron\nCRON_TZ=Asia/Tokyo\nRANDOM_DELAY=45\nA=1\n\
         0 1 * * * b\n\
         SHELL=\nHOME=\"\"\nMAILTO=''\nRANDOM_DELAY=0\nA=2\nUSER=eve\n\
         0 1 * * * c\n",
    );
    let [a, b, c] = crontab.jobs() else { panic!("{crontab:?}") };
    let zone = |job: &CrontabJob| job.schedule().and_then(|schedule| schedule.zone()).map(|zone| zone.name());
    assert_eq!((zone(a), a.is_zone_given), (Some("Europe/London"), false));
    assert_eq!((zone(b), b.is_zone_given), (Some("Asia/Tokyo"), true));
    assert_eq!((a.shell.as_deref(), a.home.as_deref(), &a.mail), (None, None, &Mail::Owner));
    let mail = Mail::To { to: "ana".into(), from: Some("cron".into()) };
    assert_eq!((b.shell.as_deref(), b.home.as_deref(), &b.mail), (Some("/bin/bash"), Some("/srv"), &mail));
    assert_eq!((c.shell.as_deref(), c.home.as_deref(), &c.mail), (None, None, &Mail::Nobody));
    assert_eq!(a.options.get(Key::Jitter), None);
    assert_eq!(b.options.get(Key::Jitter), Some(&Value::from("45m")));
    assert_eq!(c.options.get(Key::Jitter), None);
    assert_eq!(crontab.environment(a), []);
    let set = [("SHELL", "/bin/bash"), ("HOME", "/srv"), ("PATH", "/bin"), ("MAILTO", "ana")];
    let set = [&set[..], &[("MAILFROM", "cron"), ("A", "1")]].concat();
    assert_eq!(crontab.environment(b), set);
    assert_eq!(crontab.environment(c).last(), Some(&("A", "2")));
    assert_eq!(crontab.environment(c).len(), 6);
}

#[test]
fn the_system_names_users() {
    let crontab = Crontab::read("17 * * * *\troot  cd / && x\n@reboot a.b-c y\n", Form::System, Some("UTC"));
    let crontab = crontab.expect("a crontab");
    let found: Vec<_> =
        crontab.jobs().iter().map(|job| (job.user.as_deref(), job.command.as_str())).collect();
    assert_eq!(found, [(Some("root"), "cd / && x"), (Some("a.b-c"), "y")]);
    // Who runs it is a part of who it is.
    let other = Crontab::read("17 * * * * eve cd / && x", Form::System, Some("UTC")).expect("a crontab");
    assert_ne!(other.jobs()[0].name, crontab.jobs()[0].name);
}

#[test]
fn flags_and_input() {
    let job = one(r"0 1 * * * -nq mail -s 5\% ana%Hello,%%5\% more");
    assert_eq!(job.command, "mail -s 5% ana");
    assert_eq!(job.stdin.as_deref(), Some("Hello,\n\n5% more\n"));
    assert!(job.mails_failures_only && job.is_quiet);
    assert_eq!(one("0 1 * * * x -n").command, "x -n");
    assert_eq!(one("0 1 * * * x y  \t").command, "x y");
    assert_eq!(one("0 1 * * * x \\ ").command, "x \\ ");
}

#[test]
fn options_above_a_command() {
    let crontab = read(
        "# Says something.\n#: name = \"nightly\", timeout = \"2h\"\n#: retries = 3\n# And more.\n0 1 * * * x\n0 2 * * * x\n",
    );
    let [a, b] = crontab.jobs() else { panic!("{crontab:?}") };
    assert_eq!((a.name.as_str(), a.identity.as_str()), ("nightly", "nightly"));
    assert_eq!(a.comments, ["Says something.", "And more."]);
    let options: Vec<String> = a.options.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    assert_eq!(options, ["timeout = \"2h\"", "retries = 3"]);
    assert!(b.name.starts_with("x-") && b.options.iter().next().is_none(), "{b:?}");
    assert_eq!(b.comments, [""; 0]);
}

#[test]
fn equal_commands_are_numbered() {
    let crontab = read(
        "0 1 * * * x\n0 2 * * * x\n#: name = \"y\"\n0 3 * * * x\n0 4 * * * x # not the same\n0 5 * * * x\n",
    );
    let names: Vec<&str> = crontab.jobs().iter().map(|job| job.name.as_str()).collect();
    let first = names[0];
    assert_eq!(names[1], format!("{first}-2"));
    assert_eq!(names[2], "y");
    assert!(names[3].starts_with("x-") && names[3] != first, "{names:?}");
    assert_eq!(names[4], format!("{first}-3"));
    // A name that somebody has chosen is not given to another one.
    let text = format!("0 1 * * * x\n0 2 * * * x\n#: name = \"{first}-2\"\n0 3 * * * z\n");
    let names: Vec<String> = read(&text).jobs().iter().map(|job| job.name.clone()).collect();
    assert_eq!(names, [first.to_owned(), format!("{first}-3"), format!("{first}-2")]);
}

#[test]
fn what_is_no_line_of_its_own() {
    for text in ["", "\n\n", "# only a comment", "  # one\n\t\n", "A=b", "\u{feff}# x"] {
        assert_eq!(read(text).jobs().len(), 0, "{text}");
    }
    // The last line has no end; others have that of Windows.
    let crontab = read("\u{feff}0 1 * * * a\r\n0 2 * * * b\r\n0 3 * * * c");
    let commands: Vec<&str> = crontab.jobs().iter().map(|job| job.command.as_str()).collect();
    assert_eq!(commands, ["a", "b", "c"]);
    assert_eq!(crontab.warnings().len(), 1);
    assert_eq!(crontab.warnings()[0].notice(), &CrontabNotice::WindowsLines);
}

#[test]
fn mistakes_with_their_places() {
    use Form::{System, User};
    for (form, text, column, part, told) in [
        (User, "61 * * * * x", 1, "61", "`61` is out of range, the minute of cron is 0-59"),
        (User, "0 0 * * FIR x", 9, "FIR", "`FIR` is not a day of week of cron"),
        (User, "\t0 19-7 * * * x", 4, "19-7", "write `0-7,19-23`"),
        (User, "0 0 30 2 * x", 1, "0 0 30 2 *", "never happens"),
        (User, "0 0 5~2 * * x", 5, "5~2", "`5~2` is no value by chance"),
        (User, "~ 0 * * FIR x", 1, "~ 0 * * FIR", "`FIR` is not a day of week of cron"),
        (User, "@dayly x", 1, "@dayly", "`@dayly` is not a nickname of cron"),
        (User, "@every 5m x", 1, "@every", "every = \"5m\""),
        (User, "0 0 * *", 1, "0 0 * *", "4 fields found"),
        (User, "0 0 * * *", 10, "", "no command"),
        (User, "0 0 * * * %x", 11, "%x", "no command"),
        (User, "0 0 * * * * x", 11, "*", "five fields, without seconds"),
        (System, "0 0 * * * root", 15, "", "no command"),
        (System, "0 0 * * * /bin/x y", 11, "/bin/x", "`/bin/x` is not the name of a user"),
        (System, "0 0 0 1 1 * x", 11, "*", "five fields"),
        (System, "0 0 0 1 1 5 x", 11, "5", "not the name of a user"),
        (User, "A=\"b", 3, "\"b", "the quote has no end"),
        (User, "A=\"b\" c", 7, "c", "behind the closing quote"),
        (User, "=b", 1, "=", "a name is missing"),
        (User, "é à", 1, "é à", "2 fields found"),
        (User, "word", 1, "word", "1 field found"),
        (User, "A=é\0b", 4, "\0", "NUL"),
        (User, "CRON_TZ=Europe/Londn", 9, "Europe/Londn", "write `Europe/London`"),
        (User, "RANDOM_DELAY=soon", 14, "soon", "`soon` is not a number of minutes"),
        (User, "RANDOM_DELAY=-5", 14, "-5", "not a number of minutes"),
        (User, "#: name = \"a\"", 4, "name = \"a\"", "no command stands below"),
        (User, "#: nam = \"a\"\n* * * * * x", 4, "nam", "did you mean `name`?"),
        (User, "#: name = \"a b\"\n* * * * * x", 4, "name = \"a b\"", "contains ' '"),
        (User, "#: retries = \"3\"\n* * * * * x", 4, "retries = \"3\"", "takes a whole number"),
        (User, "#: queue_depth = 3\n* * * * * x", 4, "queue_depth = 3", "needs `overlap = \"queue\"`"),
        (User, "#: daily = \"9:00\"\n* * * * * x", 4, "daily = \"9:00\"", "remove `daily`"),
        (User, "#: timezone = \"UTC\"\n* * * * * x", 4, "timezone = \"UTC\"", "CRON_TZ"),
        (User, "#: retries = 1, retries = 2\n* * * * * x", 17, "retries = 2", "there twice"),
        (User, "#:help\n* * * * * x", 3, "help", "a comment begins with `# `"),
        (User, "#: jitter = \"5m\"\n@reboot x", 4, "jitter = \"5m\"", "needs a schedule"),
    ] {
        let mistakes = refuse(text, form);
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:#?}");
        let mistake = &mistakes[0];
        assert_eq!((mistake.line(), mistake.column(), &text[mistake.span()]), (1, column, part), "{text}");
        assert!(mistake.to_string().contains(told), "{text}: {mistake}");
        assert!(mistake.diagram().lines().count() == 2, "{text}: {}", mistake.diagram());
    }
}

#[test]
fn all_mistakes_at_once() {
    let text = "CRON_TZ=Nowhere/Land\n61 * * * * a\n0 0 * * * b\n#: retries = x\n0 0 * *\n@every 5m c\n#: name = \"d\"\n0 1 * * * d\n#: name = \"d\"\n0 2 * * * e\n";
    let places: Vec<_> =
        refuse(text, Form::User).iter().map(|wrong| (wrong.line(), wrong.column())).collect();
    assert_eq!(places, [(1, 9), (2, 1), (4, 14), (5, 1), (6, 1), (9, 4)]);
    let told = refuse(text, Form::User).last().map(ToString::to_string).unwrap_or_default();
    assert_eq!(told, "line 9, column 4: the command of line 8 has the name `d` already; choose another one");

    let many = "61 * * * * x\n".repeat(MAX_MISTAKES * 3);
    let mistakes = refuse(&many, Form::User);
    assert_eq!(mistakes.len(), MAX_MISTAKES + 1);
    assert_eq!(
        mistakes[MAX_MISTAKES].to_string(),
        "line 101, column 1: 100 mistakes are found, and what is behind this line is not read"
    );
}

#[test]
fn a_zone_is_asked_for_once_and_only_where_it_is_needed() {
    let without = |text: &str| Crontab::read(text, Form::User, None);
    assert!(without("@reboot x\nCRON_TZ=UTC\n0 0 * * * y\n").is_ok());
    let mistakes = without("0 0 * * * x\n0 0 * * * y\n").expect_err("no zone");
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].to_string().contains("CRON_TZ=Europe/London"), "{}", mistakes[0]);
}

#[test]
fn what_may_not_be_meant_is_told() {
    for (text, told) in [
        (
            "0 0 * * * date +%F",
            "`%` ends the command, and what follows it is its input; the command is `date +`",
        ),
        ("PATH=$HOME/bin:$PATH", "nothing is expanded in a crontab, so `PATH` contains the sign `$` itself"),
        ("LOGNAME=eve", "`LOGNAME` cannot be set"),
        ("TZ=Asia/Tokyo", "the schedules are in Europe/London, and `CRON_TZ` would change that"),
        ("MAILTO=`id`", "no mail is sent: ``id`` of `MAILTO`"),
        ("0 0 * * * 2026 x", "begins with the number `2026`"),
        ("0 0 * * * root x", "begins with `root`"),
    ] {
        let notices = notices(text);
        assert_eq!(notices.len(), 1, "{text}: {notices:?}");
        assert!(notices[0].contains(told), "{text}: {}", notices[0]);
    }
    assert_eq!(notices(r"0 0 * * * date +\%F"), [""; 0]);
    assert_eq!(one("MAILTO=`id`\n0 0 * * * x").mail, Mail::Nobody);
}

#[test]
fn bounds() {
    let long = format!("0 0 * * * {}", "x".repeat(super::MAX_LINE));
    assert!(refuse(&long, Form::User)[0].to_string().contains("put the command into a script"));
    let large = "#\n".repeat(super::MAX_BYTES);
    assert!(refuse(&large, Form::User)[0].to_string().contains("split it"));
    let fields = format!("{} * * * * x", "1,".repeat(2_000));
    assert!(refuse(&fields, Form::User)[0].to_string().contains("1024"));
}
