//! Disks that are full or may not be written: a clear error, nothing half-written, and a store that goes on afterwards.

use std::process::Command;

use crate::harness::{Desk, farewell};

/// Runs a script in which `small` is a file system of two megabytes; `None` where the system lets nobody mount one.
fn on_a_small_disk(desk: &Desk, script: &str) -> Option<String> {
    let whole = format!(
        "mkdir -p small && mount -t tmpfs -o size=2m none small || exit 99\n\
         try() {{ \"$PROGRAM\" \"$@\" >out 2>&1; echo \"status $?\"; cat out; }}\n\
         fill() {{ cat /dev/zero >small/filler 2>/dev/null; }}\n{script}"
    );
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &whole])
        .current_dir(desk.path("."))
        .env("PROGRAM", env!("CARGO_BIN_EXE_sent-audit"))
        .env_remove("RUST_LOG")
        .output()
        .ok()
        .filter(|run| run.status.code() != Some(99));
    if run.is_none() {
        eprintln!("skipped: no small file system can be mounted here");
    }
    run.map(|run| {
        let told = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(!told.contains("panicked"), "{told}");
        told
    })
}

fn statuses(told: &str) -> Vec<&str> {
    let lines = told.lines();
    lines
        .filter_map(|line| line.strip_prefix("status "))
        .collect()
}

const SCAN: &str = "scan --config audit.toml --no-progress --store small/audit.db";

#[test]
fn a_full_disk_costs_no_decision_and_no_finding() {
    let desk = Desk::new();
    for number in 0..150 {
        desk.write(&format!("more/{number}.eml"), &farewell("anna", number));
    }
    let script = format!(
        "try {SCAN} --out first mail\nfill\ntry {SCAN} --out second more\n\
         echo \"left $(ls -A | grep -c -e second -e partial)\"\n\
         rm small/filler\ntry report --store small/audit.db --out third\ntry {SCAN} --out fourth more\n"
    );
    let Some(told) = on_a_small_disk(&desk, &script) else {
        return;
    };
    assert_eq!(statuses(&told), ["0", "4", "0", "0"], "{told}");
    assert!(told.contains("disk"), "{told}");
    assert!(told.contains("left 0"), "{told}");
    assert_eq!(desk.rows("first/findings.csv").len(), 3);
    assert_eq!(desk.rows("third/findings.csv").len(), 3);
    // Two of the first three are among the others.
    assert_eq!(desk.rows("fourth/findings.csv").len(), 151);
}

#[test]
fn a_report_is_whole_or_not_there() {
    let desk = Desk::new();
    let script = "fill\ntry scan --config audit.toml --no-progress --store audit.db --out small/r mail\n\
                  echo \"left $(ls -A small | grep -v filler | wc -l)\"\nrm small/filler\n\
                  mount -o remount,ro small\n\
                  try scan --config audit.toml --no-progress --store audit.db --out small/r mail\n\
                  try report --config audit.toml --store audit.db --out r\n";
    let Some(told) = on_a_small_disk(&desk, script) else {
        return;
    };
    assert_eq!(statuses(&told), ["4", "2", "0"], "{told}");
    assert!(told.contains("left 0"), "{told}");
    assert_eq!(desk.rows("r/findings.csv").len(), 3);
}
