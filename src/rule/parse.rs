//! From words to a tree, by what binds more tightly.
//!
//! What waits for its right side lies on a stack of the parser's own, so that no depth overflows the thread's.
//!
//! - Source: Dijkstra, An ALGOL Translator for the X1 (1961): the shunting yard.

#![forbid(unsafe_code)]

use super::fault::{Span, Text};
use super::token::{Token, Word, tokens};
use super::tree::{At, Binary, Kind, Term, Tree, Unary, binding};
use crate::error::Error;

/// The most levels of brackets, calls and operators that wait for each other.
const MOST_LEVELS: usize = 1_000;

/// What waits for its right side.
#[derive(Debug)]
enum Open {
    Unary(Unary),
    Binary(Binary, Value),
    /// `(`
    Group,
    /// `name(` and the arguments that are complete.
    Call(Span, Vec<At>),
    /// `x[`
    Past(Value),
    /// `condition ?`
    Then(Value),
    /// `condition ? yes :`
    Else(Value, Value),
}

/// A term that is complete, with the bytes that it takes, brackets around it included.
#[derive(Clone, Debug)]
struct Value {
    at: At,
    span: Span,
}

struct Parser<'a> {
    text: &'a Text,
    terms: Vec<Term>,
    open: Vec<(Open, Span)>,
}

impl Tree {
    /// Reads a text.
    pub(crate) fn parse(subject: &str, text: &str) -> Result<Self, Error> {
        Self::parse_with(subject, text, &[])
    }

    /// Reads a text in which names that are known may be in any case.
    pub(super) fn parse_with(subject: &str, text: &str, known: &[&str]) -> Result<Self, Error> {
        let text = Text::new(subject, text)?;
        let tokens = tokens(&text, known)?;
        let mut parser = Parser { text: &text, terms: Vec::new(), open: Vec::new() };
        parser.read(&tokens)?;
        let terms = parser.terms;
        Ok(Self { text, terms })
    }
}

impl Parser<'_> {
    fn read(&mut self, tokens: &[Token]) -> Result<(), Error> {
        let mut tokens = tokens.iter().peekable();
        // The value that was read last; none where one is expected.
        let mut value: Option<Value> = None;
        while let Some(token) = tokens.next() {
            value = match (value, token.word) {
                (None, Word::Number(number)) => Some(self.leaf(Kind::Number(number), token)),
                (None, Word::Name) if tokens.peek().is_some_and(|next| next.word == Word::Sign("(")) => {
                    tokens.next();
                    if let Some(close) = tokens.next_if(|next| next.word == Word::Sign(")")) {
                        Some(self.call(&token.span, Vec::new(), close.span.end))
                    } else {
                        self.wait(Open::Call(token.span.clone(), Vec::new()), token)?;
                        None
                    }
                }
                (None, Word::Name) => {
                    let name = self.text.as_str()[token.span.clone()].to_owned();
                    Some(self.leaf(Kind::Name(name), token))
                }
                (None, Word::Sign(sign)) => {
                    self.prefix(sign, token)?;
                    None
                }
                (None, Word::End) => return Err(self.unfinished(token)),
                (Some(value), Word::Sign(sign)) => self.follow(value, sign, token)?,
                (Some(value), Word::End) => {
                    let value = self.close(value, binding::CHOICE);
                    return match self.open.last() {
                        None => Ok(()),
                        Some(_) => Err(self.unclosed(&value)),
                    };
                }
                (Some(_), Word::Number(_) | Word::Name) => {
                    let found = &self.text.as_str()[token.span.clone()];
                    let message = format!("found {found} where an operator is expected, such as + > and");
                    return Err(self.text.fault(token.span.clone(), message));
                }
            };
        }
        unreachable!("the last word is the end, which returns")
    }

    fn term(&mut self, kind: Kind, span: Span, mark: Span) -> Value {
        self.terms.push(Term { kind, span: span.clone(), mark });
        Value { at: self.terms.len() - 1, span }
    }

    fn leaf(&mut self, kind: Kind, token: &Token) -> Value {
        self.term(kind, token.span.clone(), token.span.clone())
    }

    fn call(&mut self, name: &Span, arguments: Vec<At>, end: usize) -> Value {
        let called = self.text.as_str()[name.clone()].to_owned();
        self.term(Kind::Call(called, arguments), name.start..end, name.clone())
    }

    /// Has something wait for its right side.
    fn wait(&mut self, open: Open, token: &Token) -> Result<(), Error> {
        if self.open.len() >= MOST_LEVELS {
            let message = format!("more than {MOST_LEVELS} levels, expected fewer: a let can name a part");
            return Err(self.text.fault(token.span.clone(), message));
        }
        self.open.push((open, token.span.clone()));
        Ok(())
    }

    /// A sign where a value is expected.
    fn prefix(&mut self, sign: &str, token: &Token) -> Result<(), Error> {
        match sign {
            "-" => self.wait(Open::Unary(Unary::Negate), token),
            "(" => self.wait(Open::Group, token),
            "not" => match self.open.last().and_then(|(open, _)| tightness(open)) {
                Some(tightness) if tightness > binding::NOT => {
                    let message = "not binds less tightly than what is before it, write (not …)";
                    Err(self.text.fault(token.span.clone(), message))
                }
                _ => self.wait(Open::Unary(Unary::Not), token),
            },
            _ => {
                let message =
                    format!("found {sign} where a value is expected, such as close, 20 or sma(close, 20)");
                Err(self.text.fault(token.span.clone(), message))
            }
        }
    }

    /// A sign after a value; yields the value that is then complete, if one is.
    fn follow(&mut self, value: Value, sign: &'static str, token: &Token) -> Result<Option<Value>, Error> {
        if let Some(binary) = Binary::of_sign(sign) {
            self.operator(value, binary, token)?;
            return Ok(None);
        }
        match sign {
            "[" => self.wait(Open::Past(value), token)?,
            "?" => {
                // From the right: `a ? b : c ? d : e` waits for all of the second choice.
                let condition = self.close(value, binding::OR);
                self.wait(Open::Then(condition), token)?;
            }
            ":" => {
                let yes = self.close(value, binding::CHOICE);
                match self.open.pop() {
                    Some((Open::Then(condition), mark)) => self.open.push((Open::Else(condition, yes), mark)),
                    _ => return Err(self.stray(token, "a : follows a ?, as in close > open ? 1 : 0")),
                }
            }
            "," => {
                let argument = self.close(value, binding::CHOICE);
                match self.open.last_mut() {
                    Some((Open::Call(_, arguments), _)) => arguments.push(argument.at),
                    _ => return Err(self.stray(token, "a , stands between the arguments of a call")),
                }
            }
            ")" => return self.bracket(value, token).map(Some),
            "]" => {
                let back = self.close(value, binding::CHOICE);
                return match self.open.pop() {
                    Some((Open::Past(base), mark)) => {
                        let span = base.span.start..token.span.end;
                        Ok(Some(self.term(Kind::Past(base.at, back.at), span, mark.start..token.span.end)))
                    }
                    _ => Err(self.stray(token, "no [ is open")),
                };
            }
            "=" => return Err(self.stray(token, "write == to compare; a name is given by a let")),
            "(" => return Err(self.stray(token, "only a name is called, as in sma(close, 20)")),
            _ => {
                let message = format!("found {sign} where an operator is expected, such as + > and");
                return Err(self.stray(token, &message));
            }
        }
        Ok(None)
    }

    /// `)`, which ends a call or what is in brackets.
    fn bracket(&mut self, value: Value, token: &Token) -> Result<Value, Error> {
        let inner = self.close(value, binding::CHOICE);
        match self.open.pop() {
            Some((Open::Group, mark)) => Ok(Value { at: inner.at, span: mark.start..token.span.end }),
            Some((Open::Call(name, mut arguments), _)) => {
                arguments.push(inner.at);
                Ok(self.call(&name, arguments, token.span.end))
            }
            _ => Err(self.stray(token, "no ( is open")),
        }
    }

    /// An operator between two values.
    fn operator(&mut self, value: Value, binary: Binary, token: &Token) -> Result<(), Error> {
        if binary.is_comparison() {
            let middle = self.close(value, binding::SUM);
            if let Some((Open::Binary(first, left), _)) = self.open.last()
                && first.is_comparison()
            {
                let written = |value: &Value| self.text.as_str()[value.span.clone()].to_owned();
                let (left, middle) = (written(left), written(&middle));
                let message = format!(
                    "comparisons do not chain, write {left} {} {middle} and {middle} {} …",
                    first.sign(),
                    binary.sign()
                );
                return Err(self.text.fault(token.span.clone(), message));
            }
            return self.wait(Open::Binary(binary, middle), token);
        }
        let left = self.close(value, binary.binding());
        self.wait(Open::Binary(binary, left), token)
    }

    /// Completes what binds at least so tightly, with a value as its right side.
    fn close(&mut self, mut value: Value, least: u8) -> Value {
        while let Some((open, mark)) =
            self.open.pop_if(|(open, _)| tightness(open).is_some_and(|tightness| tightness >= least))
        {
            let end = value.span.end;
            value = match open {
                Open::Unary(unary) => {
                    let span = mark.start..end;
                    self.term(Kind::Unary(unary, value.at), span, mark)
                }
                Open::Binary(binary, left) => {
                    let kind = Kind::Binary(binary, left.at, value.at);
                    self.term(kind, left.span.start..end, mark)
                }
                Open::Else(condition, yes) => {
                    let kind = Kind::Choice(condition.at, yes.at, value.at);
                    self.term(kind, condition.span.start..end, mark)
                }
                Open::Group | Open::Call(..) | Open::Past(_) | Open::Then(_) => {
                    unreachable!("they end with a sign of their own")
                }
            };
        }
        value
    }

    fn stray(&self, token: &Token, message: &str) -> Error {
        self.text.fault(token.span.clone(), message)
    }

    /// The text ends where a value is expected.
    fn unfinished(&self, end: &Token) -> Error {
        self.text.fault(end.span.clone(), "the text ends where a value is expected")
    }

    /// The text ends, and something waits for its own sign.
    fn unclosed(&self, value: &Value) -> Error {
        let (mark, message) = match self.open.last() {
            Some((Open::Then(_), mark)) => {
                (mark.clone(), "this ? has no :, expected as in close > open ? 1 : 0")
            }
            Some((Open::Past(_), mark)) => (mark.clone(), "this [ is not closed by a ]"),
            Some((_, mark)) => (mark.clone(), "what opens here is not closed by a )"),
            None => (value.span.clone(), "the text ends too early"),
        };
        self.text.fault(mark, message)
    }
}

/// How tightly something binds; none for what ends with a sign of its own.
fn tightness(open: &Open) -> Option<u8> {
    match open {
        Open::Unary(unary) => Some(unary.binding()),
        Open::Binary(binary, _) => Some(binary.binding()),
        Open::Else(..) => Some(binding::CHOICE),
        Open::Group | Open::Call(..) | Open::Past(_) | Open::Then(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With a bracket around everything that has parts.
    fn bracketed(text: &str) -> String {
        let tree = Tree::parse("rule", text).unwrap();
        let mut written = Vec::<String>::new();
        for term in &tree.terms {
            let of = |at: At| written[at].clone();
            let text = match &term.kind {
                Kind::Number(number) => number.to_string(),
                Kind::Name(name) => name.clone(),
                Kind::Unary(unary, one) => format!("({} {})", unary.sign(), of(*one)),
                Kind::Binary(binary, a, b) => format!("({} {} {})", of(*a), binary.sign(), of(*b)),
                Kind::Choice(a, b, c) => format!("({} ? {} : {})", of(*a), of(*b), of(*c)),
                Kind::Past(a, back) => format!("{}[{}]", of(*a), of(*back)),
                Kind::Call(name, arguments) => {
                    let arguments: Vec<_> = arguments.iter().map(|at| of(*at)).collect();
                    format!("{name}({})", arguments.join(", "))
                }
            };
            written.push(text);
        }
        written.pop().unwrap()
    }

    fn error(text: &str) -> String {
        Tree::parse("rule", text).unwrap_err().to_string()
    }

    #[test]
    fn what_binds_more_tightly_is_read_first() {
        let cases = [
            ("a + b * c", "(a + (b * c))"),
            ("a * b + c", "((a * b) + c)"),
            ("a - b - c", "((a - b) - c)"),
            ("a / b * c % d", "(((a / b) * c) % d)"),
            ("-a * b", "((- a) * b)"),
            ("-a[1]", "(- a[1])"),
            ("a * -b[n]", "(a * (- b[n]))"),
            ("- - a", "(- (- a))"),
            ("f(a)[1] > b + 1", "(f(a)[1] > (b + 1))"),
            ("not a > b and c", "((not (a > b)) and c)"),
            ("a or b and c", "(a or (b and c))"),
            ("a || b && !c", "(a or (b and (not c)))"),
            ("a and not not b", "(a and (not (not b)))"),
            ("a > b ? c : d ? e : f", "((a > b) ? c : (d ? e : f))"),
            ("a ? b ? c : d : e", "(a ? (b ? c : d) : e)"),
            ("a or b ? c + 1 : d", "((a or b) ? (c + 1) : d)"),
            ("(a ? b : c) + 1", "((a ? b : c) + 1)"),
            ("f(g(a, b ? c : d), -1, h())", "f(g(a, (b ? c : d)), (- 1), h())"),
            ("a[b ? 1 : 2][3]", "a[(b ? 1 : 2)][3]"),
            ("(a < b) == c", "((a < b) == c)"),
        ];
        for (text, expected) in cases {
            assert_eq!(bracketed(text), expected, "{text}");
        }
    }

    #[test]
    fn comparisons_do_not_chain_and_the_message_says_what_to_write() {
        let error = error("10 < sma(close, 5) + 1 < 20");
        let expected = "rule, column 24: comparisons do not chain, write 10 < sma(close, 5) + 1 and sma(close, 5) + 1 < …\n  \
                        10 < sma(close, 5) + 1 < 20\n                         ^";
        assert_eq!(error, expected);
        assert!(Tree::parse("rule", "a < b and c < d or e == f").is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_pointed_at() {
        let cases = [
            ("a +", 4, "the text ends where a value is expected"),
            ("a + * b", 5, "found * where a value is expected"),
            ("(a + b", 1, "what opens here is not closed by a )"),
            ("f(a, b", 1, "what opens here is not closed by a )"),
            ("a[1", 2, "this [ is not closed by a ]"),
            ("a ? b", 3, "this ? has no :"),
            ("a : b", 3, "a : follows a ?"),
            ("a, b", 2, "a , stands between"),
            ("a)", 2, "no ( is open"),
            ("a]", 2, "no [ is open"),
            ("a b", 3, "found b where an operator is expected"),
            ("a = b", 3, "write == to compare"),
            ("a > not b", 5, "write (not …)"),
            ("a not b", 3, "found not where an operator is expected"),
            ("(a)(b)", 4, "only a name is called"),
            ("f(a,)", 5, "found ) where a value is expected"),
            ("()", 2, "found ) where a value is expected"),
            ("f(a]", 4, "no [ is open"),
        ];
        for (text, column, message) in cases {
            let found = error(text);
            assert!(
                found.starts_with(&format!("rule, column {column}: ")) && found.contains(message),
                "{found}"
            );
        }
    }

    #[test]
    fn a_thousand_levels_are_read_and_more_are_refused() {
        let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
        assert!(Tree::parse("rule", &nested(1_000)).is_ok());
        assert!(error(&nested(1_001)).contains("more than 1000 levels"));
        assert!(error(&"-".repeat(9_999)).contains("more than 1000 levels"));
        assert!(error(&"not ".repeat(2_000)).contains("more than 1000 levels"));
        assert!(error(&"a ? b : ".repeat(1_200)).contains("more than 1000 levels"));
        assert!(error(&"a[".repeat(3_000)).contains("more than 1000 levels"));
        // A long sum is no deep one.
        assert!(Tree::parse("rule", &format!("a{}", "+a".repeat(4_000))).is_ok());
    }
}
