//! Whether a file fits the disk, asked before hours are spent on what is in it.

#![forbid(unsafe_code)]

use std::path::Path;

use anyhow::bail;

use super::text::bytes;

/// Sees whether a file of about so many bytes fits where a path is.
pub fn check(path: &Path, needed: Option<u64>, way_out: &str) -> anyhow::Result<()> {
    let Some(needed) = needed else {
        bail!("{}: takes more bytes than can be counted; {way_out}", path.display());
    };
    match free_bytes(path) {
        Some(free) if needed > free => bail!(
            "{}: takes about {}, and {} are free there; {way_out}",
            path.display(),
            bytes(needed),
            bytes(free)
        ),
        _ => Ok(()),
    }
}

/// Bytes that can be written where a path is; `None` where nothing tells.
#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    // What is not there yet will be made in the nearest folder that is.
    let place = path.ancestors().map(|one| if one == Path::new("") { Path::new(".") } else { one });
    let place = place.into_iter().find(|one| one.is_dir())?;
    let found = rustix::fs::statvfs(place).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_both_numbers_and_a_way_out() {
        let path = std::env::temp_dir().join("not there/a.csv");
        assert!(check(&path, Some(1), "").is_ok());
        let refused = check(&path, Some(u64::MAX), "write less").unwrap_err().to_string();
        assert!(
            refused.contains("takes about 18446744073.7 GB, and ") && refused.ends_with("write less"),
            "{refused}"
        );
        assert!(check(&path, None, "").is_err());
    }
}
