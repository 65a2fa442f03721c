//! Brokers of one cluster with everything on all of them, controllers all, each behind a proxy of its own for the workers.

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
    /// `brokers` of them, 1 or more; the first is where the tests' own clients ask first. Of three, one may be away: what is
    /// written is on two. While two are away nothing is written, and there is no controller.
    pub fn start(brokers: u32) -> Cluster {
        let copies = brokers.to_string();
        let others = 2..=brokers;
        let factors = ["offsets.topic", "transaction.state.log", "default"];
        let plan = factors.iter().fold(Plan::new().and_controllers(others.clone()), |plan, of| {
            plan.set(&format!("{of}.replication.factor"), &copies)
        });
        let in_sync = (brokers / 2 + 1).to_string();
        let plan = plan.set("transaction.state.log.min.isr", &in_sync).set("min.insync.replicas", &in_sync);
        let plans = others.map(|id| plan.another(id)).collect::<Vec<_>>();
        // Side by side: one that is no majority alone waits for the others.
        let nodes = std::thread::scope(|scope| {
            let starting: Vec<_> =
                std::iter::once(plan).chain(plans).map(|plan| scope.spawn(|| Node::start(plan))).collect();
            starting.into_iter().map(|node| node.join().expect("the broker starts")).collect()
        });
        Cluster { nodes }
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
