//! Words into a tree.

use super::ExpressionError;
use super::lexer::{Lexer, Token, Word};

/// The most parts that an expression has: more was hardly typed by a person, and trees are walked by recursion.
const NODES_MAX: usize = 400;
/// How deep parentheses and signs can be nested.
const DEPTH_MAX: usize = 50;

/// A part of an expression and the number of characters before it.
#[derive(Debug)]
pub struct Node {
    pub at: usize,
    pub kind: Kind,
}

/// What a part is.
#[derive(Debug)]
pub enum Kind {
    Number(f64),
    Name(String),
    Negate(Box<Node>),
    Arithmetic(Arithmetic, Box<Node>, Box<Node>),
    Call(String, Vec<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Text {
        is_symbol: bool,
        text: String,
        is_equal: bool,
    },
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

struct Parser {
    lexer: Lexer,
    current: Token,
    nodes: usize,
    depth: usize,
}

/// Reads a whole expression.
pub fn parse(text: &str) -> Result<Node, ExpressionError> {
    let mut lexer = Lexer::new(text);
    let current = lexer.next()?;
    let mut parser = Parser {
        lexer,
        current,
        nodes: 0,
        depth: 0,
    };
    let node = parser.or()?;
    match parser.current.word {
        Word::End => Ok(node),
        Word::Close => Err(parser.wrong("this ')' has no '('")),
        _ => Err(parser.wrong("'and', 'or' or an operator is missing before this")),
    }
}

fn comparison(word: &Word) -> Option<Comparison> {
    Some(match word {
        Word::Less => Comparison::Less,
        Word::LessOrEqual => Comparison::LessOrEqual,
        Word::Greater => Comparison::Greater,
        Word::GreaterOrEqual => Comparison::GreaterOrEqual,
        Word::Equal => Comparison::Equal,
        Word::NotEqual => Comparison::NotEqual,
        _ => return None,
    })
}

impl Parser {
    fn wrong(&self, message: &str) -> ExpressionError {
        ExpressionError {
            is_unfinished: self.current.word == Word::End,
            ..ExpressionError::new(self.current.at, message)
        }
    }

    /// Goes to the next word; gives the place of the one before.
    fn advance(&mut self) -> Result<usize, ExpressionError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.current, next).at)
    }

    fn node(&mut self, at: usize, kind: Kind) -> Result<Node, ExpressionError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(ExpressionError::new(at, "the expression is too long"));
        }
        Ok(Node { at, kind })
    }

    /// Reads something that can have itself within it.
    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Node, ExpressionError>,
    ) -> Result<Node, ExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("this is nested too deeply"));
        }
        let node = read(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn or(&mut self) -> Result<Node, ExpressionError> {
        let mut left = self.and()?;
        while self.current.word == Word::Or {
            let at = self.advance()?;
            let right = self.and()?;
            left = self.node(at, Kind::Or(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, ExpressionError> {
        let mut left = self.not()?;
        while self.current.word == Word::And {
            let at = self.advance()?;
            let right = self.not()?;
            left = self.node(at, Kind::And(Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node, ExpressionError> {
        if self.current.word == Word::Not {
            let at = self.advance()?;
            let inner = self.nested(Self::not)?;
            return self.node(at, Kind::Not(Box::new(inner)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, ExpressionError> {
        let left = self.sum()?;
        let Some(how) = comparison(&self.current.word) else {
            return Ok(left);
        };
        if let Kind::Name(name) = &left.kind
            && let Some(is_symbol) = text_field(name)
        {
            return self.text(is_symbol, how);
        }
        let at = self.advance()?;
        if matches!(self.current.word, Word::Text(_)) {
            return Err(self.wrong("only 'symbol' and 'source' are compared with a text"));
        }
        let right = self.sum()?;
        if comparison(&self.current.word).is_some() {
            return Err(self.wrong("join two comparisons with 'and', as in 1 < rsi and rsi < 30"));
        }
        self.node(at, Kind::Compare(how, Box::new(left), Box::new(right)))
    }

    /// The rest of a comparison of `symbol` or `source` from its operator on.
    fn text(&mut self, is_symbol: bool, how: Comparison) -> Result<Node, ExpressionError> {
        let at = self.current.at;
        let is_equal = match how {
            Comparison::Equal => true,
            Comparison::NotEqual => false,
            _ => return Err(self.wrong("texts are compared with = or != alone")),
        };
        // The lexer stands behind the operator: what follows is no expression, `BTC/USD` has no division in it.
        let (text, text_at) = self.lexer.text()?;
        if text.is_empty() {
            return Err(ExpressionError {
                is_unfinished: true,
                ..ExpressionError::new(text_at, "a name comes here, as in source = kraken")
            });
        }
        self.current = self.lexer.next()?;
        self.node(
            at,
            Kind::Text {
                is_symbol,
                text,
                is_equal,
            },
        )
    }

    fn sum(&mut self) -> Result<Node, ExpressionError> {
        let mut left = self.product()?;
        loop {
            let how = match self.current.word {
                Word::Plus => Arithmetic::Add,
                Word::Minus => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            let at = self.advance()?;
            let right = self.product()?;
            left = self.node(at, Kind::Arithmetic(how, Box::new(left), Box::new(right)))?;
        }
    }

    fn product(&mut self) -> Result<Node, ExpressionError> {
        let mut left = self.sign()?;
        loop {
            let how = match self.current.word {
                Word::Times => Arithmetic::Multiply,
                Word::Over => Arithmetic::Divide,
                _ => return Ok(left),
            };
            let at = self.advance()?;
            let right = self.sign()?;
            left = self.node(at, Kind::Arithmetic(how, Box::new(left), Box::new(right)))?;
        }
    }

    fn sign(&mut self) -> Result<Node, ExpressionError> {
        match self.current.word {
            Word::Minus => {
                let at = self.advance()?;
                let inner = self.nested(Self::sign)?;
                self.node(at, Kind::Negate(Box::new(inner)))
            }
            Word::Plus => {
                self.advance()?;
                self.nested(Self::sign)
            }
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<Node, ExpressionError> {
        let word = self.current.word.clone();
        match word {
            Word::Number(number) => {
                let at = self.advance()?;
                self.node(at, Kind::Number(number))
            }
            Word::Name(name) => {
                // The operator behind `symbol` has to be seen before what follows it is read as words.
                let at = self.advance()?;
                if self.current.word == Word::Open {
                    return self.call(name, at);
                }
                self.node(at, Kind::Name(name))
            }
            Word::Open => {
                self.advance()?;
                let inner = self.nested(Self::or)?;
                self.close()?;
                Ok(inner)
            }
            Word::End => Err(self.wrong("a name or a number comes here")),
            Word::Text(_) => Err(self.wrong("a text stands behind 'symbol =' or 'source =' alone")),
            _ => Err(self.wrong("a name or a number is missing before this")),
        }
    }

    fn close(&mut self) -> Result<(), ExpressionError> {
        if self.current.word != Word::Close {
            return Err(self.wrong("')' is missing here"));
        }
        self.advance()?;
        Ok(())
    }

    fn call(&mut self, name: String, at: usize) -> Result<Node, ExpressionError> {
        self.advance()?;
        let mut arguments = Vec::new();
        if self.current.word != Word::Close {
            arguments.push(self.nested(Self::sum)?);
            while self.current.word == Word::Comma {
                self.advance()?;
                arguments.push(self.nested(Self::sum)?);
            }
        }
        self.close()?;
        self.node(at, Kind::Call(name, arguments))
    }
}

/// Whether a name is that of a text: `Some(true)` for the symbol, `Some(false)` for the source.
pub fn text_field(name: &str) -> Option<bool> {
    if name.eq_ignore_ascii_case("symbol") {
        Some(true)
    } else if name.eq_ignore_ascii_case("source") {
        Some(false)
    } else {
        None
    }
}
