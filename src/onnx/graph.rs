//! A graph that grows node by node, with the field numbers of `onnx.proto`.

use crate::protobuf::Message;

/// The type of a value: `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// f32
    Float = 1,
    /// i64
    Integer = 7,
    /// f64
    Double = 11,
}

/// Name, type and shape of an input or output: [N, `shape`] of any N.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    name: String,
    kind: Kind,
    shape: Vec<usize>,
}

impl std::fmt::Display for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            Kind::Float => "f32",
            Kind::Integer => "i64",
            Kind::Double => "f64",
        };
        write!(f, "{} {kind} [N", self.name)?;
        for side in &self.shape {
            write!(f, ", {side}")?;
        }
        write!(f, "]")
    }
}

impl Tensor {
    pub(super) fn new(name: &str, kind: Kind, shape: &[usize]) -> Self {
        Self {
            name: name.into(),
            kind,
            shape: shape.to_vec(),
        }
    }

    /// `ValueInfoProto`.
    fn message(&self) -> Message {
        let any = Message::new().bytes(2, "N");
        let sides = self.shape.iter();
        let sides: Vec<Message> = sides
            .map(|&side| Message::new().integer(1, side as i64))
            .collect();
        let shape = Message::new().message(1, &any).messages(1, &sides);
        let tensor = Message::new()
            .integer(1, self.kind as i64)
            .message(2, &shape);
        let kind = Message::new().message(1, &tensor);
        Message::new().bytes(1, &self.name).message(2, &kind)
    }
}

/// A chain of nodes, each reading what the one before it gave, and constants.
pub(super) struct Chain {
    name: &'static str,
    input: Tensor,
    nodes: Vec<Message>,
    constants: Vec<(String, Message)>,
    /// The name of the last value.
    last: String,
}

impl Chain {
    /// A graph called `name` of `input`.
    pub(super) fn new(name: &'static str, input: Tensor) -> Self {
        Self {
            name,
            last: input.name.clone(),
            input,
            nodes: Vec::new(),
            constants: Vec::new(),
        }
    }

    /// The name of the last value.
    pub(super) fn last(&self) -> String {
        self.last.clone()
    }

    /// Appends `operator`, which reads the last value and then `others`.
    pub(super) fn push(&mut self, operator: &str, others: &[&str], attributes: &[Message]) {
        let output = format!("{}_{}", operator.to_lowercase(), self.nodes.len());
        self.push_to(&output, operator, others, attributes);
    }

    /// Appends `operator`, whose value is called `output`: `NodeProto`.
    fn push_to(&mut self, output: &str, operator: &str, others: &[&str], attributes: &[Message]) {
        let mut node = Message::new().bytes(1, &self.last);
        for other in others {
            node = node.bytes(1, other);
        }
        let node = node.bytes(2, output).bytes(3, output).bytes(4, operator);
        self.nodes.push(node.messages(5, attributes));
        self.last = output.into();
    }

    /// Adds a constant of `shape`, unless there is one of that name: `TensorProto`.
    fn constant(&mut self, name: &str, kind: Kind, shape: &[usize], values: &[u8]) {
        if self.constants.iter().all(|(known, _)| known != name) {
            let sides = shape.iter();
            let tensor = sides.fold(Message::new(), |tensor, &side| {
                tensor.integer(1, side as i64)
            });
            let tensor = tensor.integer(2, kind as i64).bytes(8, name);
            self.constants.push((name.into(), tensor.bytes(9, values)));
        }
    }

    /// Adds f32 constants of `shape`.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(name, Kind::Float, shape, &bytes);
    }

    /// Adds f64 constants of `shape`.
    pub(super) fn doubles(&mut self, name: &str, shape: &[usize], values: &[f64]) {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(name, Kind::Double, shape, &bytes);
    }

    /// Adds a list of whole numbers.
    pub(super) fn integers(&mut self, name: &str, values: &[i64]) {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(name, Kind::Integer, &[values.len()], &bytes);
    }

    /// Gives the last value another shape, [N, `shape`]; a side of -1 is what remains.
    pub(super) fn reshape(&mut self, shape: &[i64]) {
        let texts: Vec<String> = shape.iter().map(i64::to_string).collect();
        let name = format!("shape_{}", texts.join("_").replace('-', "any"));
        // 0 keeps the number of samples.
        let whole: Vec<i64> = std::iter::once(0).chain(shape.iter().copied()).collect();
        self.integers(&name, &whole);
        self.push("Reshape", &[&name], &[]);
    }

    /// `GraphProto`, of which the last value is `output`.
    pub(super) fn finish(mut self, output: &Tensor) -> (Tensor, Message) {
        self.push_to(&output.name, "Identity", &[], &[]);
        let graph = Message::new().messages(1, &self.nodes).bytes(2, self.name);
        let constants = self.constants.iter().map(|(_, tensor)| tensor);
        let graph = graph
            .messages(5, constants)
            .message(11, &self.input.message());
        (self.input, graph.message(12, &output.message()))
    }
}

/// An attribute that is a whole number; this and the following are `AttributeProto`.
pub(super) fn integer(name: &str, value: usize) -> Message {
    let attribute = Message::new().bytes(1, name).integer(3, value as i64);
    attribute.integer(20, 2)
}

/// An attribute that is a number.
pub(super) fn number(name: &str, value: f64) -> Message {
    let attribute = Message::new().bytes(1, name).float(2, value as f32);
    attribute.integer(20, 1)
}

/// An attribute that is a text.
pub(super) fn text(name: &str, value: &str) -> Message {
    Message::new().bytes(1, name).bytes(4, value).integer(20, 3)
}

/// An attribute that is a list of whole numbers.
pub(super) fn list(name: &str, values: &[usize]) -> Message {
    let attribute = Message::new().bytes(1, name);
    let add = |attribute: Message, &value: &usize| attribute.integer(8, value as i64);
    values.iter().fold(attribute, add).integer(20, 7)
}
