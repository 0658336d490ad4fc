#include "actors/system/view_parts.hpp"
#include "messages/api/meta.pb.h"
#include "messages/expired_list.hpp"
#include "runtime/rules/continue_token.hpp"
#include "runtime/rules/requests.hpp"

#include <caf/stateful_actor.hpp>

#include <charconv>

namespace troupe::viewing {

namespace {

using answer_promise =
    caf::typed_response_promise<pb<call::Response>, std::vector<object>>;

/// Keys in one read of the store's history.
constexpr uint64_t store_page = 500;

/// A page ends with the object that makes it larger, however many may be in it:
/// it is one message to whoever is in another process.
constexpr size_t page_bytes = size_t{1} << 20;

/// One list, on its way.
struct listing {
  selection_filter filter;
  bool counts = false; ///< nothing but the namespace selects
  std::optional<uint64_t> version;
  uint64_t at = 0;             ///< the revision to show, 0 for the newest
  std::string after;           ///< key that came last before
  size_t limit = 0;            ///< 0 for none
  std::optional<int64_t> left; ///< how many there are from here on
  std::vector<object> found;
  size_t bytes = 0;  ///< of those found
  bool more = false; ///< there is one beyond the limit
  answer_promise promise;

  bool full() const {
    return limit > 0 && (found.size() == limit || bytes > page_bytes);
  }

  /// Returns false when there is no room for it.
  bool take(const object& x) {
    more = full();
    if (!more) {
      found.push_back(x);
      bytes += x.bytes().size();
    }
    return !more;
  }
};

using listing_ptr = std::shared_ptr<listing>;

void answer(listing& l, uint64_t revision) {
  call::Response response;
  response.set_revision(revision);
  if (l.more) {
    rules::continue_token token{revision, l.found.back().key(), std::nullopt};
    if (l.counts && l.left) {
      token.left = *l.left - static_cast<int64_t>(l.found.size());
      response.set_remaining(*token.left);
    }
    response.set_continue_token(rules::encode(token));
  }
  l.promise.deliver(pb<call::Response>{std::move(response)},
                    std::move(l.found));
}

// -- from memory -------------------------------------------------------------

/// Calls `visit` with the objects of a namespace (of all if "") behind a key,
/// as they were when `undone` was not done yet, until it returns false.
template <class Visit>
void each_object(const view_state& st,
                 const std::map<std::string, object>& undone,
                 const std::string& ns, const std::string& after, Visit visit) {
  auto behind = [&](auto& map) {
    return !after.empty() ? map.upper_bound(after)
           : ns.empty()   ? map.begin()
                          : map.lower_bound(ns + "/");
  };
  auto now = behind(st.objects);
  auto then = behind(undone);
  while (now != st.objects.end() || then != undone.end()) {
    auto use_then = then != undone.end()
                    && (now == st.objects.end() || then->first <= now->first);
    auto& x = use_then ? then->second : now->second;
    if (use_then && now != st.objects.end() && then->first == now->first)
      ++now;
    if (x && !ns.empty() && x.ns() != ns)
      return;
    if (x && !visit(x))
      return;
    if (use_then)
      ++then;
    else
      ++now;
  }
}

int64_t count(const view_state& st, const std::map<std::string, object>& undone,
              const std::string& ns) {
  if (ns.empty() && undone.empty())
    return static_cast<int64_t>(st.objects.size());
  int64_t result = 0;
  each_object(st, undone, ns, {}, [&](const object&) {
    ++result;
    return true;
  });
  return result;
}

void list_from_memory(pointer self, listing& l) {
  auto& st = self->state;
  auto at = l.at == 0 ? st.revision : l.at;
  auto undone = st.history.undone(at);
  size_t seen = 0;
  auto take = [&](const object& x) {
    ++seen;
    return !l.filter.matches(x) || l.take(x);
  };
  if (undone.empty())
    each_candidate(st, l.filter, l.after, take);
  else
    each_object(st, undone, l.filter.ns(), l.after, take);
  if (l.more && l.counts && !l.left && l.after.empty())
    l.left = count(st, undone, l.filter.ns());
  note_shown(self, seen);
  answer(l, at);
}

// -- from the store's history ------------------------------------------------

caf::error too_old(const listing& l) {
  if (l.after.empty())
    return make_error(ec::expired,
                      "The resourceVersion for the provided list is too old.");
  return expired_list(
      "The provided continue parameter is too old to display a consistent list "
      "result. You can start a new list without the continue parameter, or use "
      "the continue token in this response to retrieve the remainder of the "
      "results. Continuing with the provided token results in an inconsistent "
      "list - objects that were created, modified, or deleted between the time "
      "the first chunk was returned and now may show up in the list.",
      rules::encode(rules::inconsistent({l.at, l.after, std::nullopt})));
}

void list_from_store(pointer self, listing_ptr l, std::string from) {
  auto& st = self->state;
  auto prefix = st.prefix;
  if (!l->filter.ns().empty())
    prefix += l->filter.ns() + "/";
  store_api::RangeRequest msg;
  msg.set_key(!from.empty() ? from : prefix);
  msg.set_range_end(prefix_end(prefix));
  msg.set_limit(store_page);
  msg.set_revision(l->at);
  msg.set_with_count(l->counts && !l->left && l->after.empty());
  st.requests.ask<pb<store_api::RangeResponse>>(
      st.store,
      [self, l](const pb<store_api::RangeResponse>& page) {
        if (page->count() > 0 && !l->left)
          l->left = static_cast<int64_t>(page->count());
        for (auto& kv : page->kvs()) {
          auto x = parse(self->state, kv);
          if (x && l->filter.matches(x) && !l->take(x))
            break;
        }
        if (page->more() && !l->more)
          list_from_store(self, l,
                          page->kvs(page->kvs_size() - 1).key() + '\0');
        else
          answer(*l, l->at);
      },
      [l](const caf::error& err) {
        l->promise.deliver(is(err, ec::expired) ? too_old(*l) : err);
      },
      pb<store_api::RangeRequest>{std::move(msg)});
}

void run_list(pointer self, listing_ptr l) {
  auto& st = self->state;
  if (l->at == 0 || st.history.covers(l->at))
    list_from_memory(self, *l);
  else
    list_from_store(self, l,
                    l->after.empty() ? "" : st.prefix + l->after + '\0');
}

// -- requests ----------------------------------------------------------------

caf::error not_found(const view_state& st, const std::string& name) {
  meta::v1::StatusDetails details;
  details.set_name(name);
  details.set_group(std::string{st.kind->group});
  details.set_kind(std::string{st.kind->plural});
  return make_error(ec::not_found,
                    st.kind->qualified_plural() + " \"" + name + "\" not found",
                    details);
}

void answer_get(pointer self, const call::Request& msg,
                answer_promise promise) {
  auto& st = self->state;
  auto key = msg.namespace_().empty() ? msg.name()
                                      : msg.namespace_() + "/" + msg.name();
  auto it = st.objects.find(key);
  if (it == st.objects.end()) {
    promise.deliver(not_found(st, msg.name()));
    return;
  }
  call::Response response;
  response.set_revision(st.revision);
  promise.deliver(pb<call::Response>{std::move(response)},
                  std::vector<object>{it->second});
  note_shown(self, 1);
}

caf::error too_new(const view_state& st, uint64_t version) {
  meta::v1::StatusDetails details;
  auto* cause = details.add_causes();
  cause->set_reason("ResourceVersionTooLarge");
  cause->set_message("Too large resource version");
  details.set_retry_after_seconds(1);
  return make_error(ec::timeout,
                    "Timeout: Too large resource version: "
                        + std::to_string(version)
                        + ", current: " + std::to_string(st.revision),
                    details);
}

/// Kubernetes: what a resourceVersion means depends on the other parameters.
/// A limit makes it exact; with a continue token, that says where.
caf::error place(listing& l, const call::Request& msg) {
  auto& match = msg.resource_version_match();
  if (!msg.continue_token().empty()) {
    auto token = rules::decode_continue_token(msg.continue_token());
    if (!token)
      return token.error();
    l.at = token->revision;
    l.after = token->after;
    l.left = token->left;
    if (l.at != 0)
      l.version = l.at;
    return caf::none;
  }
  auto version = parse_version(msg.resource_version());
  if (!version)
    return version.error();
  l.version = *version;
  if (match == "Exact" || (match.empty() && msg.limit() > 0))
    l.at = l.version.value_or(0);
  return caf::none;
}

caf::error check_list(const call::Request& msg) {
  meta::v1::ListOptions options;
  options.set_limit(msg.limit());
  options.set_resource_version(msg.resource_version());
  options.set_resource_version_match(msg.resource_version_match());
  options.set_continue_(msg.continue_token());
  return check_options(options);
}

caf::error prepare(listing& l, const view_state& st, const call::Request& msg) {
  if (auto err = check_list(msg))
    return err;
  auto& version = msg.resource_version();
  if (!msg.continue_token().empty() && !version.empty() && version != "0")
    return make_error(ec::bad_request, "specifying resource version is not "
                                       "allowed when using continue");
  if (auto err = place(l, msg))
    return err;
  auto filter = selection_filter::parse(
      *st.kind, msg.namespace_(), msg.label_selector(), msg.field_selector());
  if (!filter)
    return filter.error();
  l.filter = std::move(*filter);
  l.counts = msg.label_selector().empty() && msg.field_selector().empty();
  l.limit = static_cast<size_t>(msg.limit());
  // Kubernetes: any state is given whole.
  if (version == "0" && msg.continue_token().empty())
    l.limit = 0;
  return caf::none;
}

caf::result<pb<call::Response>, std::vector<object>>
on_list(pointer self, const call::Request& msg) {
  auto l = std::make_shared<listing>();
  if (auto err = prepare(*l, self->state, msg))
    return err;
  auto promise =
      self->make_response_promise<pb<call::Response>, std::vector<object>>();
  l->promise = promise;
  when_fresh(self, l->version, false, [self, l](const caf::error& err) {
    if (err)
      l->promise.deliver(err);
    else
      run_list(self, l);
  });
  return promise;
}

caf::result<pb<call::Response>, std::vector<object>>
on_get(pointer self, const pb<call::Request>& msg) {
  auto version = parse_version(msg->resource_version());
  if (!version)
    return version.error();
  auto promise =
      self->make_response_promise<pb<call::Response>, std::vector<object>>();
  when_fresh(self, *version, false,
             [self, msg, promise](const caf::error& err) mutable {
               if (err)
                 promise.deliver(err);
               else
                 answer_get(self, *msg, promise);
             });
  return promise;
}

} // namespace

caf::error check_options(const meta::v1::ListOptions& options) {
  auto found = rules::validate_list_options(options);
  if (found.empty())
    return caf::none;
  return invalid("meta.k8s.io", "ListOptions", {}, found);
}

expected<std::optional<uint64_t>> parse_version(const std::string& version) {
  if (version.empty())
    return std::optional<uint64_t>{};
  uint64_t number = 0;
  auto last = version.data() + version.size();
  auto [end, bad] = std::from_chars(version.data(), last, number);
  if (bad != std::errc{} || end != last)
    return make_error(ec::bad_request, "resourceVersion: Invalid value: \""
                                           + version
                                           + "\": strconv.ParseUint: parsing \""
                                           + version + "\": invalid syntax");
  return std::optional<uint64_t>{number};
}

void when_fresh(pointer self, std::optional<uint64_t> version, bool waits,
                std::function<void(const caf::error&)> read) {
  auto& st = self->state;
  if (st.trouble && !waits) {
    read(st.trouble);
    return;
  }
  if (!st.loaded || st.trouble) {
    if (!st.store)
      find_store(self);
    st.at_load.push_back([self, version, waits, read] {
      when_fresh(self, version, waits, read);
    });
    return;
  }
  if (version && *version <= st.revision) {
    read(caf::none);
    return;
  }
  // A progress request on its way may be older than this read.
  st.reads.push_back({st.last_token + 1, [self, version, waits, read] {
                        auto& state = self->state;
                        if (state.trouble)
                          when_fresh(self, version, waits, read);
                        else
                          read(version && *version > state.revision
                                   ? too_new(state, *version)
                                   : caf::error{});
                      }});
  ask_progress(self);
}

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const pb<call::Request>& msg) {
  if (msg->verb() == call::GET)
    return on_get(self, msg);
  if (msg->verb() == call::LIST)
    return on_list(self, *msg);
  return make_error(ec::method_not_allowed, "a view only reads");
}

} // namespace troupe::viewing
