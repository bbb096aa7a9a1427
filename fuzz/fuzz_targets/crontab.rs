#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| cron_fuzz::crontabs::crontab(text));
