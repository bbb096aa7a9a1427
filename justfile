# What contributors run. `just --list` shows all.

# Exactly what CI runs.
ci:
    bash .ci/run

# All tests, as the README says.
test:
    cargo test --workspace

# The quickstart: three jobs, and what happens to them.
quickstart:
    cargo run --example quickstart

# Format and lint.
tidy:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings

# Arbitrary input for every door, some seconds for each target; docs/testing.md.
fuzz seconds="5":
    fuzz/run {{seconds}}

# Whole systems measured: one table, beside peers and limits; docs/performance.md. `just bench lateness` measures one scenario.
bench *scenarios:
    benches/run {{scenarios}}

# The figures of docs/decisions/0001: our schedules beside `cron` and `croner`.
bench-schedules:
    cargo bench -p cron-core --bench schedule

# Instructions of the pure functions and of a run beside those that were kept; docs/performance.md.
guard:
    benches/guard

# A life at half of what can be sustained with so many runs of each job kept: what grows; docs/performance.md.
soak seconds="120" kept="10":
    benches/run soak {{seconds}} {{kept}}

# Licences, duplicate crates and advisories; needs cargo-deny and the network.
deny:
    cargo deny check

# Deliberate faults in a copy of the tree: which test notices which; docs/testing.md.
mutants:
    tests/mutants/run.py

# Whole systems in simulated time, so many more of them.
simulate worlds="1000":
    SIMULATION_SEEDS={{worlds}} cargo test -p cron-tests --test simulation -- seeds::seeds --exact --nocapture
