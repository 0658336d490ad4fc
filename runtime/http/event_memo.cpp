#include "runtime/http/event_memo.hpp"

#include <chrono>
#include <functional>

namespace troupe::http {

namespace {

/// What an entry takes beside its bytes, roughly.
constexpr size_t overhead = 400;

size_t cost_of(const object& x, const std::string& made) {
  return overhead + x.bytes().size() + made.size();
}

} // namespace

size_t event_memo::hash::operator()(const key& x) const {
  auto place = std::hash<const void*>{}(x.bytes);
  auto form = static_cast<size_t>(x.form) * 8 + static_cast<size_t>(x.as);
  auto kind = x.type.empty() ? 0 : static_cast<size_t>(x.type[0]);
  return place ^ (x.revision * 0x9E3779B97F4A7C15) ^ (form << 8) ^ kind;
}

event_memo::key event_memo::key_of(std::string_view type, const object& x,
                                   const body_form& how, bool first) {
  key result;
  result.bytes = &x.bytes();
  result.revision = x.revision();
  result.type = type;
  result.form = how.form.bytes;
  result.as = how.form.as;
  result.version = how.form.version;
  if (how.form.as == shape::table) {
    result.rows = how.rows;
    result.first = first;
    result.second =
        std::chrono::floor<std::chrono::seconds>(how.now.time_since_epoch())
            .count();
  }
  return result;
}

std::shared_ptr<event_memo::entry> event_memo::find(key&& which,
                                                    const object& x) {
  std::lock_guard guard{mutex_};
  ++asked_;
  auto& found = entries_[which];
  if (!found) {
    found = std::make_shared<entry>();
    // The same bytes, and nothing that was parsed of them.
    found->kept = x.with_revision(0);
    order_.push_back(std::move(which));
  }
  return found;
}

/// The newest stays, however large it is.
void event_memo::note_made(entry& known, text made) {
  std::lock_guard guard{mutex_};
  ++made_;
  bytes_ += cost_of(known.kept, *made);
  known.made = std::move(made);
  while (bytes_ > most_bytes_ && order_.size() > 1) {
    auto oldest = entries_.find(order_.front());
    auto& oldest_text = oldest->second->made;
    // Somebody is about to make it, and counts it then.
    if (!oldest_text)
      return;
    bytes_ -= cost_of(oldest->second->kept, *oldest_text);
    entries_.erase(oldest);
    order_.pop_front();
  }
}

event_memo::text event_memo::get(std::string_view type, const object& x,
                                 const body_form& how, bool first) {
  auto known = find(key_of(type, x, how, first), x);
  std::call_once(known->once, [&] {
    note_made(*known, std::make_shared<const std::string>(
                          encode_event(type, x, how, first)));
  });
  return known->made;
}

uint64_t event_memo::asked() const {
  std::lock_guard guard{mutex_};
  return asked_;
}

uint64_t event_memo::made() const {
  std::lock_guard guard{mutex_};
  return made_;
}

} // namespace troupe::http
