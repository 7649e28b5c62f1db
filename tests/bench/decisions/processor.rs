//! How much of the processors somebody used.

use std::fs;

/// The kernel counts in hundredths of a second.
const TICK: f64 = 1e4;

/// What a process has used so far, in microseconds; 0 when it is gone.
pub(crate) fn used_by(pid: u32) -> f64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
    // The name, in parentheses, may have anything in it.
    let Some((_, fields)) = stat.rsplit_once(") ") else { return 0.0 };
    // utime and stime are the fields 14 and 15; what follows the name begins with the third.
    let ticks = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() * TICK
}

/// What the processes of a server have used so far that live now. `backend` is one of them.
pub(crate) fn used_beside(backend: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{backend}/stat")).unwrap();
    let parent: u32 = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap();
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    children.split_whitespace().filter_map(|child| child.parse().ok()).map(used_by).sum()
}
