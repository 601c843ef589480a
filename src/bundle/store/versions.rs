//! The versions of a bundle that are there: listed, found by name, and pruned.

#![forbid(unsafe_code)]

use std::path::Path;

use super::current::{self, Version};
use super::folder::Folder;
use super::{ATTEMPTS, Opened, open_manifest};
use crate::error::{Error, ErrorKind};

/// The fewest digits by which a version may be called.
const FEWEST_DIGITS: usize = 6;

/// The versions in a folder, the one that stands first.
pub(in crate::bundle) fn versions(folder: &Path) -> Result<Vec<Version>, Error> {
    Ok(current::all(folder)?.into_iter().map(|line| line.version).collect())
}

/// Opens a version by the first digits of its name.
///
/// One that is not there is an error that names it; never is another opened in its place.
pub(in crate::bundle) fn open_version(folder: &Path, name: &str) -> Result<Opened, Error> {
    let mut attempt = 1;
    loop {
        let line = find(folder, name)?;
        let opened = open_manifest(folder, line.manifest).and_then(|opened| {
            if opened.manifest.version.starts_with(name) {
                return Ok(opened);
            }
            let file = folder.join(current::FILE).display().to_string();
            let message = format!("it calls version {} {name}", opened.manifest.version);
            Err(ErrorKind::Corrupt { file, message }.into())
        });
        // Where it was pruned in the middle of this, it is not there any more, and that is what is said.
        if opened.is_ok() || attempt == ATTEMPTS {
            return opened;
        }
        let is_there = current::all(folder)?.iter().any(|one| one.manifest == line.manifest);
        if is_there {
            return opened;
        }
        attempt += 1;
    }
}

fn find(folder: &Path, name: &str) -> Result<current::Line, Error> {
    const LISTED: usize = 5;
    let refuse =
        |message: String| ErrorKind::Invalid { subject: folder.display().to_string(), message }.into();
    if name.len() < FEWEST_DIGITS {
        return Err(refuse(format!(
            "version {name:?} is too short a name, expected {FEWEST_DIGITS} digits or more"
        )));
    }
    let all = current::all(folder)?;
    let mut found = all.iter().filter(|line| line.version.name.starts_with(name));
    match (found.next(), found.next()) {
        (Some(line), None) => Ok(line.clone()),
        (Some(_), Some(_)) => {
            Err(refuse(format!("more than one version is called {name}; give more of its digits")))
        }
        (None, _) => {
            let names: Vec<&str> = all
                .iter()
                .take(LISTED)
                .map(|line| line.version.name.get(..12).unwrap_or("unnamed"))
                .collect();
            let more = all.len().saturating_sub(LISTED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            Err(refuse(format!(
                "version {name} is not there: it was pruned, or never was; there are {}{more}",
                names.join(", ")
            )))
        }
    }
}

/// Removes all but the last versions, of which the one that stands is the first; gives those that went.
pub(in crate::bundle) fn prune(target: &Path, keep: usize) -> Result<Vec<Version>, Error> {
    if current::read(target)?.is_none() {
        let message = "holds no versions to prune: it is not a bundle, or one of the first edition";
        return Err(Error::invalid(target.display().to_string(), message));
    }
    if keep == 0 {
        return Err(Error::bad_parameter(
            "--keep",
            "is 0, but the version that stands stays; expected at least 1",
        ));
    }
    Folder::lock(target)?.prune(keep)
}
