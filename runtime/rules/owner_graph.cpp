#include "runtime/rules/owner_graph.hpp"

#include "messages/api/meta.pb.h"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::rules {

namespace {

bool has_finalizer(const meta::v1::ObjectMeta& meta, const char* name) {
  return std::find(meta.finalizers().begin(), meta.finalizers().end(), name)
         != meta.finalizers().end();
}

std::string in_words(const kind_info& kind, const std::string& name) {
  return fmt::format("{} {}", kind.kind, name);
}

} // namespace

graph_ref owner_graph::ref_of(const std::string& uid, const node& n) const {
  return {n.kind, n.ns, n.name, uid};
}

void owner_graph::put(const object& what) {
  const auto& meta = what.meta();
  if (auto told = untold_.find(&what.kind()); told != untold_.end())
    told->second.erase(what.uid());
  auto& n = nodes_[what.uid()];
  auto was_foreground = n.foreground;
  auto was_orphaning = n.orphaning;
  n.kind = &what.kind();
  n.ns = what.ns();
  n.name = what.name();
  n.state = presence::present;
  n.deleting = meta.has_deletion_timestamp();
  n.wants_foreground = has_finalizer(meta, foreground_finalizer);
  n.keeps_orphans = has_finalizer(meta, orphan_finalizer);
  n.foreground = n.deleting && n.wants_foreground;
  n.orphaning = n.deleting && n.keeps_orphans;
  std::vector<edge> owners;
  for (const auto& ref : meta.owner_references())
    owners.push_back({ref.uid(), ref.name(),
                      find_kind(ref.api_version(), ref.kind()),
                      ref.block_owner_deletion()});
  if (owners != n.owners)
    set_owners(what.uid(), n, std::move(owners));
  if (n.foreground != was_foreground || n.orphaning != was_orphaning) {
    dirty_.insert(what.uid());
    const auto& dependents = nodes_[what.uid()].dependents;
    dirty_.insert(dependents.begin(), dependents.end());
  }
}

void owner_graph::set_owners(const std::string& uid, node& n,
                             std::vector<edge> owners) {
  auto before = std::move(n.owners);
  n.owners = owners;
  for (const auto& owner : owners)
    nodes_[owner.uid].dependents.insert(uid);
  for (const auto& owner : before)
    if (std::none_of(owners.begin(), owners.end(),
                     [&](const auto& each) { return each.uid == owner.uid; }))
      unlink(uid, owner);
    else
      dirty_.insert(owner.uid);
  dirty_.insert(uid);
}

void owner_graph::unlink(const std::string& uid, const edge& owner) {
  auto found = nodes_.find(owner.uid);
  if (found == nodes_.end())
    return;
  found->second.dependents.erase(uid);
  if (found->second.foreground || found->second.orphaning)
    dirty_.insert(owner.uid);
  if (!found->second.kind && found->second.dependents.empty())
    nodes_.erase(found);
}

void owner_graph::gone(const object& what) {
  remove(what.uid());
}

void owner_graph::remove(const std::string& uid) {
  auto found = nodes_.find(uid);
  if (found == nodes_.end())
    return;
  auto owners = std::move(found->second.owners);
  for (const auto& owner : owners)
    unlink(uid, owner);
  dirty_.erase(uid);
  found = nodes_.find(uid);
  auto& n = found->second;
  if (n.dependents.empty()) {
    nodes_.erase(found);
    return;
  }
  dirty_.insert(n.dependents.begin(), n.dependents.end());
  auto dependents = std::move(n.dependents);
  n = node{};
  n.state = presence::absent;
  n.dependents = std::move(dependents);
}

void owner_graph::verified(const std::string& uid, bool exists) {
  auto found = nodes_.find(uid);
  if (found == nodes_.end() || found->second.kind)
    return;
  found->second.state = exists ? presence::present : presence::absent;
  dirty_.insert(found->second.dependents.begin(),
                found->second.dependents.end());
}

std::vector<std::string> owner_graph::take_dirty() {
  std::vector<std::string> result{dirty_.begin(), dirty_.end()};
  dirty_.clear();
  // The order of a hash table is not the same twice.
  std::sort(result.begin(), result.end());
  return result;
}

void owner_graph::begin(const kind_info& kind) {
  auto& untold = untold_[&kind];
  for (const auto& [uid, n] : nodes_)
    if (n.kind == &kind)
      untold.insert(uid);
}

void owner_graph::complete(const kind_info& kind) {
  auto found = untold_.find(&kind);
  if (found == untold_.end())
    return;
  auto untold = std::move(found->second);
  untold_.erase(found);
  for (const auto& uid : untold)
    remove(uid);
}

bool owner_graph::is_misplaced(const node& dependent, const edge& owner) const {
  auto found = nodes_.find(owner.uid);
  if (found == nodes_.end() || !found->second.kind)
    return false;
  const auto& n = found->second;
  return n.kind != owner.kind || n.name != owner.name
         || (n.kind->namespaced && n.ns != dependent.ns);
}

bool owner_graph::blocked(const std::string& uid, const node& n) const {
  // Kubernetes: what waits for itself, in a circle, is not held by that.
  auto waits_for_us = [&](const std::string& from) {
    std::unordered_set<std::string> seen;
    std::vector<std::string> open{from};
    while (!open.empty()) {
      auto at = std::move(open.back());
      open.pop_back();
      if (at == uid)
        return true;
      const auto& there = nodes_.at(at);
      if (there.foreground && seen.insert(at).second)
        open.insert(open.end(), there.dependents.begin(),
                    there.dependents.end());
    }
    return false;
  };
  return std::any_of(
      n.dependents.begin(), n.dependents.end(), [&](const auto& each) {
        const auto& owners = nodes_.at(each).owners;
        if (waits_for_us(each))
          return false;
        return std::any_of(owners.begin(), owners.end(),
                           [&](const auto& owner) {
                             return owner.uid == uid && owner.blocks;
                           });
      });
}

gc_verdict owner_graph::judge(const std::string& uid) const {
  auto found = nodes_.find(uid);
  if (found == nodes_.end() || !found->second.kind)
    return {};
  const auto& n = found->second;
  if (n.orphaning || n.foreground)
    return judge_waiting(uid, n);
  if (n.deleting || n.owners.empty())
    return {};
  return judge_owners(uid, n);
}

gc_verdict owner_graph::judge_waiting(const std::string& uid,
                                      const node& n) const {
  gc_verdict verdict;
  verdict.target = ref_of(uid, n);
  if (n.orphaning && !n.dependents.empty()) {
    verdict.action = gc_verdict::release;
    for (const auto& each : n.dependents)
      verdict.dependents.push_back(ref_of(each, nodes_.at(each)));
    std::sort(verdict.dependents.begin(), verdict.dependents.end(),
              [](const auto& a, const auto& b) { return a.uid < b.uid; });
    verdict.reason =
        fmt::format("releases {} dependents", verdict.dependents.size());
  } else if (n.orphaning) {
    verdict.action = gc_verdict::finalize;
    verdict.finalizer = orphan_finalizer;
    verdict.reason = "its dependents are released";
  } else if (!blocked(uid, n)) {
    verdict.action = gc_verdict::finalize;
    verdict.finalizer = foreground_finalizer;
    verdict.reason = "no dependent holds it any more";
  } else {
    verdict.reason =
        fmt::format("waits for {} dependents to go", n.dependents.size());
  }
  return verdict;
}

gc_verdict owner_graph::judge_owners(const std::string& uid,
                                     const node& n) const {
  gc_verdict verdict;
  verdict.target = ref_of(uid, n);
  std::vector<graph_ref> unknown;
  bool solid = false;
  bool waiting = false;
  for (const auto& owner : n.owners) {
    graph_ref ref{owner.kind, owner.kind && owner.kind->namespaced ? n.ns : "",
                  owner.name, owner.uid};
    const auto& there = nodes_.at(owner.uid);
    // Kubernetes: what cannot be looked up is never taken for absent: a kind
    // we do not know, or a namespaced owner of a cluster-wide object.
    if (!owner.kind || (owner.kind->namespaced && n.ns.empty())) {
      solid = true;
    } else if (there.state == presence::unknown) {
      unknown.push_back(std::move(ref));
    } else if (there.state == presence::absent || is_misplaced(n, owner)) {
      verdict.owners.push_back(std::move(ref));
    } else if (there.foreground) {
      waiting = true;
      verdict.owners.push_back(std::move(ref));
    } else {
      solid = true;
    }
  }
  if (!unknown.empty()) {
    verdict.action = gc_verdict::verify;
    verdict.owners = std::move(unknown);
    verdict.reason = "looks whether its owner exists";
  } else if (solid) {
    if (!verdict.owners.empty())
      verdict.action = gc_verdict::remove_owner;
    verdict.reason = verdict.owners.empty()
                         ? "has an owner that stays"
                         : "keeps the owner that stays, drops the others";
  } else {
    verdict.action = gc_verdict::remove;
    verdict.propagation =
        n.keeps_orphans ? "Orphan"
        : n.wants_foreground || (waiting && !n.dependents.empty())
            ? "Foreground"
            : "Background";
    verdict.reason = fmt::format(
        "deletes it: {} is {}",
        in_words(*verdict.owners.front().kind, verdict.owners.front().name),
        waiting ? "being deleted" : "gone");
  }
  return verdict;
}

} // namespace troupe::rules
