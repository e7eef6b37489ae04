//! How wide each column is, and what may be written into those that reviewers fill in.

/// Words for `review_status` of a finding.
const FINDING: &[&str] = &["open", "confirmed", "cleared", "escalated"];
/// Words for `review_status` of an exception.
const EXCEPTION: &[&str] = &["open", "accepted"];

/// The words that `review_status` may hold in a table.
pub(super) fn statuses(table: &str) -> &'static [&'static str] {
    match table {
        "findings" => FINDING,
        "exceptions" => EXCEPTION,
        _ => &[],
    }
}

/// Width in characters, at least that of the heading with the filter's button, and whether text is wrapped.
pub(super) fn shape(column: &str) -> (f64, bool) {
    let heading = u8::try_from(column.len())
        .unwrap_or(u8::MAX)
        .saturating_add(5);
    let (width, wrapped) = usual(column);
    (width.max(heading.into()), wrapped)
}

fn usual(column: &str) -> (f64, bool) {
    match column {
        // Long enough for most reasons within the row's height.
        "reason" => (72.0, true),
        "notice" => (60.0, true),
        "excerpt" | "review_note" | "what_to_do" | "detail" => (48.0, true),
        "subject" | "personal_contacts" | "clients" | "follow_up" | "value" | "written" => {
            (36.0, true)
        }
        "successor" | "client_name" | "name" | "display_name" => (24.0, true),
        "finding_id" | "exception_id" | "campaign_id" => (24.0, false),
        "custodian" | "from" | "client" | "address" | "message_id" | "evidence_file" => {
            (30.0, false)
        }
        "sent_at" | "first_notice_at" => (21.0, false),
        "mailbox" | "account" | "query" | "client_domain" | "chosen_by" | "sha256" | "uid" => {
            (22.0, false)
        }
        "verdict" | "worst_verdict" => (17.0, false),
        "language" | "kind" | "field" | "zone" | "part" | "size" => (11.0, false),
        _ => (15.0, false),
    }
}

/// Height of a row in points: four lines of text in tables of sentences.
pub(super) fn height(table: &str) -> Option<f64> {
    matches!(table, "findings" | "exceptions").then_some(60.0)
}
