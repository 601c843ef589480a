//! A source file as the rules read it: its tokens without those of its tests, and what it imports.

/// A word or a sign of code. Comments and literals are none.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut found, mut at, mut line) = (Vec::new(), 0, 0);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (len, is_code) = if let Some(len) = comment_len(rest).or_else(|| literal_len(rest)) {
            (len, false)
        } else if first.is_alphanumeric() || first == '_' {
            (rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()), true)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            (first.len_utf8(), !first.is_whitespace())
        };
        if is_code {
            found.push(Token { text: &rest[..len], line });
        }
        line += rest[..len].matches('\n').count();
        at += len;
    }
    found
}

fn comment_len(rest: &str) -> Option<usize> {
    let is_line = rest.starts_with("//");
    let end = if is_line { rest.find('\n') } else { rest.find("*/").map(|end| end + 2) };
    (is_line || rest.starts_with("/*")).then(|| end.unwrap_or(rest.len()))
}

/// The length of a string or character literal; a lifetime is none.
fn literal_len(rest: &str) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix('\'') {
        let mut characters = inner.chars();
        return match (characters.next()?, characters.next()?) {
            ('\\', _) => inner[2..].find('\'').map(|end| end + 4),
            (character, '\'') => Some(character.len_utf8() + 2),
            _ => None,
        };
    }
    let quoted = rest.trim_start_matches(['b', 'c', 'r', '#']);
    let (prefix, inner) = (&rest[..rest.len() - quoted.len()], quoted.strip_prefix('"')?);
    if prefix.contains('r') {
        let close = format!("\"{}", "#".repeat(prefix.matches('#').count()));
        return inner.find(&close).map(|end| prefix.len() + 1 + end + close.len());
    }
    let mut end = inner.find(['"', '\\'])?;
    while inner[end..].starts_with('\\') {
        end += 2 + inner[end + 2..].find(['"', '\\'])?;
    }
    Some(prefix.len() + end + 2)
}

/// The index after the bracket that closes the one at `open`, or after another token.
fn after_brackets(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0;
    let last = tokens.iter().skip(open).position(|token| {
        depth += i32::from(matches!(token.text, "(" | "[" | "{"));
        depth -= i32::from(matches!(token.text, ")" | "]" | "}"));
        depth == 0
    });
    last.map_or(tokens.len(), |last| open + last + 1)
}

/// Drops each item that stands under a `#[cfg(test)]`, also where `test` is one condition of several.
fn without_tests(all: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let text = |index: usize| all.get(index).map_or("", |token| token.text);
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < all.len() {
        let end = after_brackets(&all, at + 1);
        let is_test = text(at) == "#"
            && (text(at + 1), text(at + 2)) == ("[", "cfg")
            && (at..end).any(|index| text(index) == "test" && text(index.saturating_sub(2)) != "not");
        if !is_test {
            kept.push(all[at]);
            at += 1;
            continue;
        }
        at = end;
        while at < all.len() && !matches!(text(at), ";" | "{" | "}") {
            at = after_brackets(&all, at);
        }
        at = if text(at) == "}" { at } else { after_brackets(&all, at) };
    }
    kept
}

/// A file below `src/`, with its tokens but for those of its tests.
pub struct Source<'a> {
    pub path: &'a str,
    pub lines: Vec<&'a str>,
    pub tokens: Vec<Token<'a>>,
}

/// What a file names of its own crate: from a `use`, or from a path in its code.
pub struct Import<'a> {
    pub line: usize,
    /// From the crate's root on.
    pub path: Vec<&'a str>,
    /// What a `use` calls it here.
    pub name: Option<&'a str>,
}

/// A `use` in work: where it stands, and what it adds to.
struct Reader<'a, 'b> {
    source: &'b Source<'a>,
    /// The modules that we are in, from the crate's root on.
    here: Vec<&'a str>,
    /// Modules that this file declares and other files hold.
    children: Vec<&'a str>,
    found: Vec<Import<'a>>,
}

impl<'a> Reader<'a, '_> {
    /// The path of modules that a first word stands for; none for that of another crate.
    fn start(&self, word: &'a str) -> Option<Vec<&'a str>> {
        match word {
            "crate" => Some(Vec::new()),
            "self" => Some(self.here.clone()),
            "super" => Some(self.here[..self.here.len().saturating_sub(1)].to_vec()),
            child if self.children.contains(&child) => Some([&self.here[..], &[child]].concat()),
            _ => None,
        }
    }

    /// Reads the path that begins at a token, groups and all, where `before` is the path in front of it; returns the
    /// index after it.
    fn path(&mut self, at: usize, before: Option<&[&'a str]>, is_use: bool) -> usize {
        let source = self.source;
        let line = source.tokens.get(at).map_or(0, |token| token.line);
        let mut path = before.map(<[&str]>::to_vec);
        let mut at = at;
        loop {
            let word = source.text(at);
            if word == "{" && is_use {
                let end = after_brackets(&source.tokens, at);
                let mut inner = at + 1;
                while inner < end - 1 {
                    inner = if source.text(inner) == "," {
                        inner + 1
                    } else {
                        self.path(inner, path.as_deref(), is_use)
                    };
                }
                return end;
            }
            match (&mut path, word) {
                (Some(path), "super") => drop(path.pop()),
                (Some(_), "self") => {}
                (Some(path), _) => path.push(word),
                (none, _) => *none = self.start(word),
            }
            // The path of another crate is read on, for the groups in it to be over.
            path.get_or_insert_with(|| vec!["::"]);
            let is_longer = source.text(at + 1) == "::"
                && source.text(at + 2).starts_with(|c: char| c.is_alphabetic() || "_{*".contains(c));
            if !is_longer {
                break;
            }
            at += 2;
        }
        let renamed = (source.text(at + 1) == "as").then(|| source.text(at + 2));
        let path = path.unwrap_or_default();
        if path.first() != Some(&"::") && !path.is_empty() {
            let name = renamed.or(path.last().copied()).filter(|_| is_use);
            self.found.push(Import { line, path, name });
        }
        at + if renamed.is_some() { 3 } else { 1 }
    }
}

impl<'a> Source<'a> {
    pub fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, lines: text.lines().collect(), tokens: without_tests(tokens(text)) }
    }

    pub fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text)
    }

    pub fn room(&self) -> &'a str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The modules from the crate's root to this file; none for the root itself.
    pub fn module(&self) -> Vec<&'a str> {
        let below = self.path.strip_prefix("bin/").and_then(|rest| rest.split_once('/'));
        let parts = below.map_or(self.path, |(_, below)| below).trim_end_matches(".rs").split('/');
        parts.filter(|part| !["lib", "main", "mod"].contains(part)).collect()
    }

    /// Modules that this file declares and other files hold, with their lines; and whether others may name them.
    pub fn declared(&self) -> impl Iterator<Item = (Token<'a>, bool)> {
        let declares = |&index: &usize| self.text(index) == "mod" && self.text(index + 2) == ";";
        (0..self.tokens.len()).filter(declares).map(|index| {
            let before = self.text(index.wrapping_sub(1));
            (self.tokens[index + 1], matches!(before, "pub" | ")"))
        })
    }

    /// What the file names of its own crate, tests aside.
    pub fn imports(&self) -> Vec<Import<'a>> {
        let children = self.declared().map(|(token, _)| token.text).collect();
        let mut reader = Reader { source: self, here: self.module(), children, found: Vec::new() };
        let (mut is_module, mut at) = (Vec::new(), 0);
        while at < self.tokens.len() {
            match (self.text(at), self.text(at + 1)) {
                ("{", _) => {
                    is_module.push(self.text(at.wrapping_sub(2)) == "mod");
                    if is_module.last() == Some(&true) {
                        reader.here.push(self.text(at - 1));
                    }
                }
                ("}", _) if is_module.pop() == Some(true) => drop(reader.here.pop()),
                // `use<'a>` is a bound.
                ("use", next) if next != "<" => {
                    at = reader.path(at + 1, None, true);
                    continue;
                }
                (word, "::") if self.text(at.wrapping_sub(1)) != "::" && reader.start(word).is_some() => {
                    at = reader.path(at, None, false);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        reader.found
    }

    /// Whether a comment that starts with `word` begins at most 12 lines above, nearer than any of `stops`.
    pub fn is_argued(&self, line: usize, word: &str, stops: &[&str]) -> bool {
        for above in (line.saturating_sub(12)..=line).rev() {
            let comment = self.lines[above].split_once("//").map_or("", |(_, comment)| comment.trim_start());
            if comment.starts_with(word) {
                return true;
            }
            let stop = |token: &Token<'_>| token.line == above && stops.contains(&token.text);
            if above < line && self.tokens.iter().any(stop) {
                return false;
            }
        }
        false
    }

    pub fn forbids_unsafe_first(&self) -> bool {
        let mut at = 0;
        while self.text(at + 1) == "!" && self.text(at + 3) != "forbid" {
            at = after_brackets(&self.tokens, at + 2);
        }
        (self.text(at + 1), self.text(at + 5)) == ("!", "unsafe_code")
    }
}
