//! Whose words a text holds: own, signature, disclaimer, quoted, forwarded, hidden; read off lines and HTML marks.

mod attribution;
mod header_block;
mod line;
mod separator;

use super::html::{Mark, MarkKind};
use super::{Zone, Zoned, disclaimer, signature};
pub(super) use line::Line;

/// What the header tells about the text.
#[derive(Debug, Default)]
pub(super) struct Clues {
    /// The subject says that something is forwarded (`FW:`, `RV:`, `WG:`, …).
    pub(super) forwarding: bool,
    /// Folded words of the author's name.
    pub(super) names: Vec<String>,
}

/// Divides `text` into zones that cover it without gaps.
pub(super) fn divide(text: &str, marks: &[Mark], clues: &Clues) -> Vec<Zoned> {
    let mut lines = line::split(text);
    apply_containers(&mut lines, marks);
    mark_quoting(&mut lines, clues);
    for range in own_runs(&lines) {
        if let Some(run) = lines.get_mut(range) {
            disclaimer::mark(run);
            signature::mark(run, &clues.names);
        }
    }
    settle_rules(&mut lines);
    settle_blank_lines(&mut lines);
    let zones = merge(&lines, text.len());
    hide(zones, marks)
}

/// Containers that mail clients put around what is not the author's decide for whole lines.
fn apply_containers(lines: &mut [Line<'_>], marks: &[Mark]) {
    for mark in marks {
        let first = lines.partition_point(|line| line.range.end <= mark.range.start);
        let last = lines.partition_point(|line| line.range.start < mark.range.end);
        let zone = match mark.kind {
            MarkKind::Hidden => continue,
            MarkKind::Cut | MarkKind::Border => {
                let mut at = lines.partition_point(|line| line.range.start < mark.range.start);
                while mark.kind == MarkKind::Border && lines.get(at).is_some_and(Line::is_blank) {
                    at += 1;
                }
                if let Some(line) = lines.get_mut(at) {
                    line.cut |= mark.kind == MarkKind::Cut;
                    line.border |= mark.kind == MarkKind::Border;
                }
                continue;
            }
            MarkKind::Indent => {
                for line in lines.get_mut(first..last).unwrap_or_default() {
                    line.indent_end = Some(last);
                }
                continue;
            }
            MarkKind::Signature => {
                for line in lines.get_mut(first..last).unwrap_or_default() {
                    line.signature = true;
                }
                continue;
            }
            MarkKind::Forward => Zone::Forwarded,
            MarkKind::Quote if begins_forwarded(lines.get(first..last).unwrap_or_default()) => {
                Zone::Forwarded
            }
            MarkKind::Quote => Zone::Quoted,
        };
        for line in lines.get_mut(first..last).unwrap_or_default() {
            line.zone = zone;
            line.fixed = true;
        }
    }
}

fn begins_forwarded(lines: &[Line<'_>]) -> bool {
    let Some(at) = lines.iter().position(|line| !line.is_blank()) else {
        return false;
    };
    separator::find(lines, at).is_some_and(|found| found.zone == Zone::Forwarded)
}

/// Where quoting begins and which lines introduce it.
struct Opening {
    /// First line of the introduction (separator, attribution, header block).
    first: usize,
    /// First line after it.
    after: usize,
    zone: Zone,
    /// Only together with quote marks below: too weak to cut by itself.
    needs_marks: bool,
}

fn mark_quoting(lines: &mut [Line<'_>], clues: &Clues) {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.fixed || line.is_blank() && !line.cut {
            at += 1;
        } else if line.cut {
            at = fill(lines, at, lines.len(), answered_zone(clues));
        } else if line.is_marked_quote() {
            let quoted = is_really_quoted(lines, at);
            set(
                lines,
                at..at + 1,
                if quoted { Zone::Quoted } else { Zone::Own },
            );
            at += 1;
        } else if let Some(opening) = find_opening(lines, at, clues) {
            at = apply_opening(lines, &opening);
        } else {
            if continues_quote(lines, at) {
                set(lines, at..at + 1, Zone::Quoted);
            }
            at += 1;
        }
    }
}

fn answered_zone(clues: &Clues) -> Zone {
    if clues.forwarding {
        Zone::Forwarded
    } else {
        Zone::Quoted
    }
}

fn find_opening(lines: &[Line<'_>], at: usize, clues: &Clues) -> Option<Opening> {
    let line = lines.get(at)?;
    if let Some(found) = separator::find(lines, at) {
        let zone = if found.zone == Zone::Quoted {
            answered_zone(clues)
        } else {
            found.zone
        };
        return Some(Opening {
            first: at,
            after: found.after,
            zone,
            needs_marks: false,
        });
    }
    if let Some(found) = header_block::find(lines, at)
        && (clues.forwarding || !header_block::is_memo(lines, &found, &clues.names))
    {
        return Some(Opening {
            first: rule_above(lines, found.first),
            after: found.after,
            zone: answered_zone(clues),
            needs_marks: false,
        });
    }
    if line.border && header_block::begins_like_one(line.text) {
        return Some(Opening {
            first: at,
            after: at + 1,
            zone: answered_zone(clues),
            needs_marks: false,
        });
    }
    let found = attribution::find(lines, at)?;
    Some(Opening {
        first: found.first,
        after: at + 1,
        zone: Zone::Quoted,
        needs_marks: !found.certain,
    })
}

/// Outlook draws a rule of underscores above its header block.
fn rule_above(lines: &[Line<'_>], first: usize) -> usize {
    let above = (0..first)
        .rev()
        .take(4)
        .find(|&i| lines.get(i).is_some_and(|line| !line.is_blank()));
    match above {
        Some(at) if lines.get(at).is_some_and(|l| l.is_rule() && !l.fixed) => at,
        _ => first,
    }
}

/// Marks the introduction and what it introduces; returns where to go on.
fn apply_opening(lines: &mut [Line<'_>], opening: &Opening) -> usize {
    let next = (opening.after..lines.len())
        .take(6)
        .find(|&i| lines.get(i).is_some_and(|line| !line.is_blank()));
    let body = next.and_then(|i| lines.get(i).map(|line| (i, line)));
    match body {
        Some((_, line)) if line.fixed && line.zone != Zone::Own => {
            set(lines, opening.first..opening.after, opening.zone);
            opening.after
        }
        Some((at, line)) if line.is_marked_quote() || line.is_bar_quote() => {
            set(lines, opening.first..opening.after, opening.zone);
            mark_run(lines, at, opening.zone)
        }
        Some((at, line)) if line.indent_end.is_some_and(|end| end > at) => {
            let end = line.indent_end.unwrap_or(at);
            set(lines, opening.first..end, opening.zone);
            end
        }
        _ if opening.needs_marks => opening.after,
        _ => {
            let end = lines
                .get(opening.first)
                .and_then(|line| line.indent_end)
                .unwrap_or(lines.len());
            fill(lines, opening.first, end, opening.zone)
        }
    }
}

/// Marks a run of lines with quote marks, blank lines inside it included.
fn mark_run(lines: &mut [Line<'_>], start: usize, zone: Zone) -> usize {
    let bars = lines.get(start).is_some_and(Line::is_bar_quote);
    let mut at = start;
    while let Some(line) = lines.get(at) {
        let marked = line.is_marked_quote() || bars && line.is_bar_quote();
        if !(marked || line.is_blank() || continues_quote(lines, at)) || line.fixed {
            break;
        }
        set(lines, at..at + 1, zone);
        at += 1;
    }
    at
}

/// Marks everything from `start` to `end`, unless a client says where the foreign part ends.
fn fill(lines: &mut [Line<'_>], start: usize, end: usize, zone: Zone) -> usize {
    let mut at = start;
    while at < end {
        let Some(line) = lines.get_mut(at) else { break };
        let is_end = at > start && separator::is_end(line.text);
        if !line.fixed {
            line.zone = zone;
        }
        at += 1;
        if is_end {
            break;
        }
    }
    at.max(start + 1)
}

fn set(lines: &mut [Line<'_>], range: std::ops::Range<usize>, zone: Zone) {
    for line in lines.get_mut(range).unwrap_or_default() {
        if !line.fixed {
            line.zone = zone;
        }
    }
}

/// `>From Monday …` is the escape of mbox files, `>200 kg` may begin a line of prose, `FYI> …` a message: one such line
/// among unmarked ones is not quoted.
fn is_really_quoted(lines: &[Line<'_>], at: usize) -> bool {
    let Some(line) = lines.get(at) else {
        return false;
    };
    let rest = line.text.trim_start_matches('>');
    let doubtful = line.has_initials()
        || line.text.starts_with(">From ")
        || rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '=' | '-'));
    if !doubtful {
        return true;
    }
    let is_quoted = |i: Option<usize>| {
        i.and_then(|i| lines.get(i))
            .is_some_and(|l| l.is_marked_quote() || l.zone == Zone::Quoted && !l.is_blank())
    };
    is_quoted(at.checked_sub(1)) || is_quoted(Some(at + 1))
}

/// The tail of a quoted line that was wrapped on its way: a few words in lower case between marked lines.
fn continues_quote(lines: &[Line<'_>], at: usize) -> bool {
    let marked = |i: Option<usize>| {
        i.and_then(|i| lines.get(i))
            .filter(|line| line.is_marked_quote())
    };
    let Some(line) = lines.get(at) else {
        return false;
    };
    line.text.len() <= 24
        && line.text.starts_with(char::is_lowercase)
        && marked(at.checked_sub(1)).is_some_and(|above| above.text.len() >= 60)
        && marked(Some(at + 1)).is_some()
}

/// Runs of the author's own lines, blank ones included.
fn own_runs(lines: &[Line<'_>]) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (i, line) in lines.iter().enumerate() {
        match (line.zone == Zone::Own && !line.fixed, start) {
            (true, None) => start = Some(i),
            (false, Some(s)) => {
                runs.push(s..i);
                start = None;
            }
            _ => {}
        }
    }
    runs.extend(start.map(|s| s..lines.len()));
    runs
}

/// A rule right above what is not the author's belongs to it.
fn settle_rules(lines: &mut [Line<'_>]) {
    let mut below = Zone::Own;
    for line in lines.iter_mut().rev() {
        if line.is_blank() {
            continue;
        }
        let foreign = matches!(below, Zone::Quoted | Zone::Forwarded | Zone::Disclaimer);
        if line.is_rule() && line.zone == Zone::Own && foreign {
            line.zone = below;
        }
        below = line.zone;
    }
}

/// A blank line belongs to what stands above it; at the start, to what follows.
fn settle_blank_lines(lines: &mut [Line<'_>]) {
    let mut zone = lines
        .iter()
        .find(|line| !line.is_blank())
        .map_or(Zone::Own, |line| line.zone);
    for line in lines {
        if line.is_blank() {
            line.zone = zone;
        } else {
            zone = line.zone;
        }
    }
}

fn merge(lines: &[Line<'_>], length: usize) -> Vec<Zoned> {
    let mut zones: Vec<Zoned> = Vec::new();
    for line in lines {
        match zones.last_mut() {
            Some(last) if last.zone == line.zone => last.range.end = line.range.end,
            _ if line.range.is_empty() => {}
            _ => zones.push(Zoned {
                range: line.range.clone(),
                zone: line.zone,
            }),
        }
    }
    debug_assert_eq!(zones.last().map_or(0, |z| z.range.end), length);
    zones
}

/// Cuts hidden stretches out of the author's zones; what is quoted stays quoted, hidden or not.
fn hide(zones: Vec<Zoned>, marks: &[Mark]) -> Vec<Zoned> {
    let mut hidden: Vec<std::ops::Range<usize>> = marks
        .iter()
        .filter(|mark| mark.kind == MarkKind::Hidden && !mark.range.is_empty())
        .map(|mark| mark.range.clone())
        .collect();
    if hidden.is_empty() {
        return zones;
    }
    hidden.sort_by_key(|range| range.start);
    let mut out: Vec<Zoned> = Vec::with_capacity(zones.len() + 2 * hidden.len());
    let mut push = |range: std::ops::Range<usize>, zone: Zone| match out.last_mut() {
        Some(last) if last.zone == zone => last.range.end = range.end,
        _ if range.is_empty() => {}
        _ => out.push(Zoned { range, zone }),
    };
    let mut next = 0;
    for zoned in zones {
        let mut at = zoned.range.start;
        if matches!(zoned.zone, Zone::Quoted | Zone::Forwarded) {
            push(zoned.range, zoned.zone);
            continue;
        }
        while let Some(range) = hidden.get(next) {
            let start = range.start.max(at);
            let end = range.end.min(zoned.range.end);
            if start < end {
                push(at..start, zoned.zone);
                push(start..end, Zone::Hidden);
                at = end;
            }
            if range.end > zoned.range.end {
                break;
            }
            next += 1;
        }
        push(at..zoned.range.end, zoned.zone);
    }
    out
}

#[cfg(test)]
mod tests;
