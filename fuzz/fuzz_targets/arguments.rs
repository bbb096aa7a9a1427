#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cron_fuzz::arguments(bytes));
