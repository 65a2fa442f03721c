//! Brokers of one cluster with everything on all of them, each behind a proxy of its own for the workers.

use super::broker::{Broker, Listener, Plan, free_ports};
use super::proxy::Proxy;

pub struct Cluster {
    nodes: Vec<Node>,
}

/// It stays until the test binary ends.
pub struct Node {
    pub broker: &'static Broker,
    pub proxy: Proxy,
}

impl Cluster {
    /// `brokers` of them, 1 or more. The first is the only controller, and where the tests' own clients ask first.
    /// Of three, one may be away: what is written is on two.
    pub fn start(brokers: u32) -> Cluster {
        let copies = brokers.to_string();
        let factors = ["offsets.topic", "transaction.state.log", "default"];
        let plan = factors
            .iter()
            .fold(Plan::new(), |plan, of| plan.set(&format!("{of}.replication.factor"), &copies));
        let in_sync = (brokers / 2 + 1).to_string();
        let plan = plan.set("transaction.state.log.min.isr", &in_sync).set("min.insync.replicas", &in_sync);
        let others = (2..=brokers).map(|id| plan.another(id)).collect::<Vec<_>>();
        Cluster { nodes: std::iter::once(plan).chain(others).map(Node::start).collect() }
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The one that the tests' own clients ask first.
    pub fn first(&self) -> &'static Broker {
        self.nodes[0].broker
    }

    /// Where workers reach the brokers: through the proxies.
    pub fn bootstrap(&self) -> String {
        let addresses = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.proxy.port));
        addresses.collect::<Vec<_>>().join(",")
    }
}

impl Node {
    fn start(plan: Plan) -> Node {
        let port = free_ports::<1>()[0];
        let proxy = Proxy::to(port);
        let listener = Listener { name: "WORKERS", protocol: "PLAINTEXT", port, advertised_port: proxy.port };
        let broker = Box::leak(Box::new(Broker::planned(Plan { listeners: vec![listener], ..plan })));
        Node { broker, proxy }
    }
}
