//! What html5ever builds into: a flat arena of linked nodes, dropped without recursion.
//! Comments, doctypes and processing instructions are not kept.

use html5ever::tendril::StrTendril;
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, QualName};
use std::borrow::Cow;
use std::cell::{Ref, RefCell};

/// Absent link.
pub const NONE: u32 = u32::MAX;

/// What a node is.
pub enum Data {
    Document,
    Element { name: QualName, attributes: Vec<Attribute> },
    Text(StrTendril),
    Ignored,
}

pub struct Linked {
    pub parent: u32,
    pub first: u32,
    pub last: u32,
    pub previous: u32,
    pub next: u32,
    pub data: Data,
}

impl Linked {
    fn new(data: Data) -> Linked {
        Linked { parent: NONE, first: NONE, last: NONE, previous: NONE, next: NONE, data }
    }
}

/// The arena; node 0 is the document.
pub struct Sink(pub RefCell<Vec<Linked>>);

impl Sink {
    pub fn new(capacity: usize) -> Sink {
        let mut nodes = Vec::with_capacity(capacity);
        nodes.push(Linked::new(Data::Document));
        Sink(RefCell::new(nodes))
    }

    fn create(&self, data: Data) -> u32 {
        let mut nodes = self.0.borrow_mut();
        nodes.push(Linked::new(data));
        (nodes.len() - 1) as u32
    }
}

/// Takes a node out of its place; its children stay with it.
fn detach(nodes: &mut [Linked], id: u32) {
    let (parent, previous, next) = {
        let node = &mut nodes[id as usize];
        let links = (node.parent, node.previous, node.next);
        (node.parent, node.previous, node.next) = (NONE, NONE, NONE);
        links
    };
    if previous != NONE {
        nodes[previous as usize].next = next;
    } else if parent != NONE {
        nodes[parent as usize].first = next;
    }
    if next != NONE {
        nodes[next as usize].previous = previous;
    } else if parent != NONE {
        nodes[parent as usize].last = previous;
    }
}

fn append_node(nodes: &mut [Linked], parent: u32, id: u32) {
    detach(nodes, id);
    let last = nodes[parent as usize].last;
    nodes[id as usize].parent = parent;
    nodes[id as usize].previous = last;
    nodes[parent as usize].last = id;
    if last == NONE {
        nodes[parent as usize].first = id;
    } else {
        nodes[last as usize].next = id;
    }
}

fn insert_before(nodes: &mut [Linked], sibling: u32, id: u32) {
    detach(nodes, id);
    let (parent, previous) = (nodes[sibling as usize].parent, nodes[sibling as usize].previous);
    let node = &mut nodes[id as usize];
    (node.parent, node.previous, node.next) = (parent, previous, sibling);
    nodes[sibling as usize].previous = id;
    if previous != NONE {
        nodes[previous as usize].next = id;
    } else if parent != NONE {
        nodes[parent as usize].first = id;
    }
}

/// Adds to a text node that is already there, so that neighbours are one node.
fn extend_text(nodes: &mut [Linked], id: u32, text: &StrTendril) -> bool {
    match nodes.get_mut(id as usize).map(|node| &mut node.data) {
        Some(Data::Text(existing)) => {
            existing.push_tendril(text);
            true
        }
        _ => false,
    }
}

impl TreeSink for Sink {
    type Handle = u32;
    type Output = Vec<Linked>;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Vec<Linked> {
        self.0.into_inner()
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> u32 {
        0
    }

    fn elem_name<'a>(&'a self, target: &'a u32) -> Ref<'a, QualName> {
        Ref::map(self.0.borrow(), |nodes| match &nodes[*target as usize].data {
            Data::Element { name, .. } => name,
            _ => unreachable!("html5ever asks for names of elements only"),
        })
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _flags: ElementFlags) -> u32 {
        self.create(Data::Element { name, attributes })
    }

    fn create_comment(&self, _text: StrTendril) -> u32 {
        self.create(Data::Ignored)
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> u32 {
        self.create(Data::Ignored)
    }

    fn append(&self, parent: &u32, child: NodeOrText<u32>) {
        match child {
            NodeOrText::AppendNode(id) => append_node(&mut self.0.borrow_mut(), *parent, id),
            NodeOrText::AppendText(text) => {
                let last = self.0.borrow()[*parent as usize].last;
                if last == NONE || !extend_text(&mut self.0.borrow_mut(), last, &text) {
                    let id = self.create(Data::Text(text));
                    append_node(&mut self.0.borrow_mut(), *parent, id);
                }
            }
        }
    }

    fn append_based_on_parent_node(&self, element: &u32, previous: &u32, child: NodeOrText<u32>) {
        if self.0.borrow()[*element as usize].parent != NONE {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// A template's contents are its children; whoever walks the tree decides what to do with them.
    fn get_template_contents(&self, target: &u32) -> u32 {
        *target
    }

    fn same_node(&self, x: &u32, y: &u32) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &u32, new_node: NodeOrText<u32>) {
        match new_node {
            NodeOrText::AppendNode(id) => insert_before(&mut self.0.borrow_mut(), *sibling, id),
            NodeOrText::AppendText(text) => {
                let previous = self.0.borrow()[*sibling as usize].previous;
                if previous == NONE || !extend_text(&mut self.0.borrow_mut(), previous, &text) {
                    let id = self.create(Data::Text(text));
                    insert_before(&mut self.0.borrow_mut(), *sibling, id);
                }
            }
        }
    }

    fn add_attrs_if_missing(&self, target: &u32, added: Vec<Attribute>) {
        if let Data::Element { attributes, .. } = &mut self.0.borrow_mut()[*target as usize].data {
            for attribute in added {
                if !attributes.iter().any(|a| a.name == attribute.name) {
                    attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &u32) {
        detach(&mut self.0.borrow_mut(), *target);
    }

    fn reparent_children(&self, node: &u32, new_parent: &u32) {
        let mut nodes = self.0.borrow_mut();
        while nodes[*node as usize].first != NONE {
            let child = nodes[*node as usize].first;
            append_node(&mut nodes, *new_parent, child);
        }
    }
}
