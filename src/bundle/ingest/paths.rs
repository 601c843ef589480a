//! Finds the files that are meant: each by its name, all tables of a folder and those below it, or those of a pattern.

#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle::csv::is_table;
use crate::error::Error;

/// The files, in the order given, those of a folder or a pattern by name; and what was passed over, one sentence each.
pub(super) fn expand(given: &[impl AsRef<Path>]) -> Result<(Vec<PathBuf>, Vec<String>), Error> {
    let (mut files, mut notes) = (Vec::new(), Vec::new());
    for path in given.iter().map(AsRef::as_ref) {
        let is_pattern = path.to_string_lossy().contains(['*', '?', '[']) && !path.exists();
        if path.is_dir() {
            files.extend(tables(path, &mut notes)?);
        } else if is_pattern {
            files.extend(matching(path)?);
        } else {
            files.push(path.to_owned());
        }
    }
    let mut seen = std::collections::HashSet::new();
    match files.iter().find(|file| !seen.insert(*file)) {
        Some(twice) => {
            Err(Error::invalid(twice.display().to_string(), "is given twice, expected each file once"))
        }
        None => Ok((files, notes)),
    }
}

fn tables(folder: &Path, notes: &mut Vec<String>) -> Result<Vec<PathBuf>, Error> {
    let (mut files, mut others) = (Vec::new(), Vec::new());
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let fail = |error| Error::io(folder.display(), "cannot be read", error);
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if is_table(&name) {
                files.push(path);
            } else {
                others.push(path);
            }
        }
    }
    files.sort();
    others.sort();
    if files.is_empty() {
        let message = "holds no files to read, expected .csv, .txt, .tsv, .parquet, .arrow or .feather, plain or as \
                       .gz, .zst, .bz2 or .zip";
        return Err(Error::invalid(folder.display().to_string(), message));
    }
    if let Some((first, more)) = others.split_first() {
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        notes.push(format!("{}{more}: left unread, by the ending of the name", first.display()));
    }
    Ok(files)
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>, Error> {
    let subject = pattern.display().to_string();
    let paths = glob::glob(&subject)
        .map_err(|error| Error::invalid(&subject, format!("is no pattern of files: {}", error.msg)))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            let path = error.path().display().to_string();
            Error::io(path, "cannot be read", error.into())
        })?;
        if path.is_file() {
            files.push(path);
        }
    }
    match files.is_empty() {
        true => Err(Error::invalid(subject, "matches no file, expected at least one")),
        false => Ok(files),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_a_pattern_are_the_files_within() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("a")).unwrap();
        for name in ["b.csv", "a/c.csv.gz", ".hidden.csv", "notes.md"] {
            fs::write(path(name), "").unwrap();
        }
        let (files, notes) = expand(&[folder.path()]).unwrap();
        assert_eq!(files, [path("a/c.csv.gz"), path("b.csv")]);
        assert!(
            notes.len() == 1 && notes[0].ends_with("notes.md: left unread, by the ending of the name"),
            "{notes:?}"
        );
        assert_eq!(expand(&[path("**/*.csv*")]).unwrap().0.len(), 3, "a pattern says itself what it means");
        for (given, message) in [
            (vec![path("*.zip")], "matches no file, expected at least one"),
            (vec![path("b.csv"), path("b.csv")], "is given twice, expected each file once"),
        ] {
            assert!(expand(&given).unwrap_err().to_string().ends_with(message));
        }
        fs::remove_file(path("a/c.csv.gz")).unwrap();
        assert!(expand(&[path("a")]).unwrap_err().to_string().contains("holds no files to read"));
    }
}
