#include "messages/object.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"

#include <caf/make_counted.hpp>
#include <caf/none.hpp>
#include <caf/ref_counted.hpp>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <atomic>
#include <charconv>

namespace troupe {

namespace pb_ = google::protobuf;

namespace {

/// Field numbers of ObjectMeta that the header repeats.
enum : uint32_t { meta_name = 1, meta_namespace = 3, meta_uid = 5 };

const pb_::FieldDescriptor* metadata_field(const pb_::Descriptor* type) {
  auto* field = type->FindFieldByNumber(1);
  if (field != nullptr && field->message_type() != nullptr
      && field->message_type() == meta::v1::ObjectMeta::descriptor())
    return field;
  return nullptr;
}

uint64_t to_revision(const std::string& text) {
  uint64_t result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

} // namespace

namespace {

/// What is the same at every revision: the bytes and the header.
struct object_content : caf::ref_counted {
  const kind_info* kind = nullptr;
  std::string ns;
  std::string name;
  std::string uid;
  std::string bytes;

  void take_header(const meta::v1::ObjectMeta& meta) {
    ns = meta.namespace_();
    name = meta.name();
    uid = meta.uid();
  }

  bool scan_header();
};

} // namespace

struct object::cell : caf::ref_counted {
  caf::intrusive_ptr<object_content> content;
  uint64_t revision = 0;
  mutable std::atomic<pb_::Message*> parsed{nullptr};

  ~cell() override { delete parsed.load(); }

  const pb_::Message& message() const {
    if (auto* known = parsed.load(std::memory_order_acquire))
      return *known;
    auto fresh = content->kind->make();
    // The bytes were checked when the object was made.
    fresh->ParseFromString(content->bytes);
    return keep(std::move(fresh));
  }

  /// Keeps what was parsed of the bytes, unless somebody was faster.
  const pb_::Message& keep(std::unique_ptr<pb_::Message> fresh) const {
    if (auto* meta = mutable_metadata_of(*fresh); meta != nullptr && revision)
      meta->set_resource_version(std::to_string(revision));
    pb_::Message* expected_none = nullptr;
    if (parsed.compare_exchange_strong(expected_none, fresh.get(),
                                       std::memory_order_acq_rel))
      return *fresh.release();
    return *expected_none;
  }
};

/// Reads the header from the bytes alone, without parsing the object.
bool object_content::scan_header() {
  auto* field = metadata_field(kind->descriptor());
  if (field == nullptr)
    return true;
  using wire = pb_::internal::WireFormatLite;
  pb_::io::CodedInputStream in{reinterpret_cast<const uint8_t*>(bytes.data()),
                               static_cast<int>(bytes.size())};
  while (auto tag = in.ReadTag()) {
    if (tag != wire::MakeTag(1, wire::WIRETYPE_LENGTH_DELIMITED)) {
      if (!wire::SkipField(&in, tag))
        return false;
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size))
      return false;
    auto limit = in.PushLimit(static_cast<int>(size));
    while (auto inner = in.ReadTag()) {
      std::string* target = nullptr;
      switch (wire::GetTagFieldNumber(inner)) {
        case meta_name:
          target = &name;
          break;
        case meta_namespace:
          target = &ns;
          break;
        case meta_uid:
          target = &uid;
          break;
        default:
          break;
      }
      if (target != nullptr ? !wire::ReadString(&in, target)
                            : !wire::SkipField(&in, inner))
        return false;
    }
    in.PopLimit(limit);
    // Canonical bytes hold the metadata once and first.
    return true;
  }
  return true;
}

object::object() noexcept = default;
object::object(const object&) noexcept = default;
object::object(object&&) noexcept = default;
object& object::operator=(const object&) noexcept = default;
object& object::operator=(object&&) noexcept = default;
object::~object() = default;

object::object(caf::intrusive_ptr<cell> ptr) noexcept : cell_(std::move(ptr)) {
  // nop
}

object object::of(const pb_::Message& msg) {
  std::unique_ptr<pb_::Message> copy{msg.New()};
  copy->CopyFrom(msg);
  return of(std::move(copy));
}

object object::of(std::unique_ptr<pb_::Message> msg) {
  auto c = caf::make_counted<cell>();
  auto content = caf::make_counted<object_content>();
  content->kind = find_by_descriptor(msg->GetDescriptor());
  CAF_ASSERT(content->kind != nullptr);
  auto* meta = mutable_metadata_of(*msg);
  std::string version;
  if (meta != nullptr) {
    content->take_header(*meta);
    version = meta->resource_version();
    c->revision = to_revision(version);
    meta->clear_resource_version();
  }
  content->bytes = normalize_and_encode(*msg);
  c->content = std::move(content);
  if (c->revision != 0)
    mutable_metadata_of(*msg)->set_resource_version(
        std::to_string(c->revision));
  c->parsed.store(msg.release());
  return object{std::move(c)};
}

expected<object> object::parse(const kind_info& kind, std::string bytes,
                               uint64_t revision) {
  auto content = caf::make_counted<object_content>();
  content->kind = &kind;
  content->bytes = std::move(bytes);
  auto c = caf::make_counted<cell>();
  c->revision = revision;
  c->content = content;
  if (!content->scan_header())
    return make_error(ec::internal_error,
                      "stored bytes are no " + std::string{kind.kind});
  return object{std::move(c)};
}

const kind_info& object::kind() const {
  return *cell_->content->kind;
}

const std::string& object::ns() const {
  return cell_->content->ns;
}

const std::string& object::name() const {
  return cell_->content->name;
}

const std::string& object::uid() const {
  return cell_->content->uid;
}

uint64_t object::revision() const {
  return cell_->revision;
}

std::string object::key() const {
  return cell_->content->ns.empty()
             ? cell_->content->name
             : cell_->content->ns + "/" + cell_->content->name;
}

const meta::v1::ObjectMeta& object::meta() const {
  auto* result = metadata_of(message());
  return result != nullptr ? *result : meta::v1::ObjectMeta::default_instance();
}

const pb_::Message& object::message() const {
  return cell_->message();
}

std::unique_ptr<pb_::Message> object::clone() const {
  std::unique_ptr<pb_::Message> copy{message().New()};
  copy->CopyFrom(message());
  return copy;
}

const std::string& object::bytes() const {
  return cell_->content->bytes;
}

object object::with_revision(uint64_t revision) && {
  if (cell_->revision == revision || !cell_->unique())
    return static_cast<const object&>(*this).with_revision(revision);
  cell_->revision = revision;
  auto* known = cell_->parsed.load();
  if (auto* meta = known != nullptr ? mutable_metadata_of(*known) : nullptr) {
    if (revision != 0)
      meta->set_resource_version(std::to_string(revision));
    else
      meta->clear_resource_version();
  }
  return std::move(*this);
}

object object::with_revision(uint64_t revision) const& {
  if (cell_->revision == revision)
    return *this;
  auto c = caf::make_counted<cell>();
  c->content = cell_->content;
  c->revision = revision;
  return object{std::move(c)};
}

bool object::same_content(const object& other) const {
  auto& mine = *cell_->content;
  auto& theirs = *other.cell_->content;
  return &mine == &theirs
         || (mine.kind == theirs.kind && mine.bytes == theirs.bytes);
}

object::wire_parts object::to_wire() const {
  if (cell_ == nullptr)
    return {};
  auto& content = *cell_->content;
  return {content.kind->api_version() + "/" + std::string{content.kind->kind},
          cell_->revision, content.bytes};
}

caf::error object::from_wire(wire_parts parts) {
  if (parts.kind.empty()) {
    cell_ = nullptr;
    return caf::none;
  }
  auto slash = parts.kind.rfind('/');
  if (slash == std::string::npos)
    return make_error(ec::bad_request, "no kind: " + parts.kind);
  auto* kind = find_kind(std::string_view{parts.kind}.substr(0, slash),
                         std::string_view{parts.kind}.substr(slash + 1));
  if (kind == nullptr)
    return make_error(ec::bad_request, "unknown kind: " + parts.kind);
  // What comes from another process is checked whole: `message` relies on it.
  auto fresh = kind->make();
  if (!fresh->ParseFromString(parts.bytes))
    return make_error(ec::bad_request, "bytes are no " + parts.kind);
  auto made = parse(*kind, std::move(parts.bytes), parts.revision);
  if (!made)
    return made.error();
  *this = std::move(*made);
  cell_->keep(std::move(fresh));
  return caf::none;
}

std::string to_string(const object& x) {
  if (!x)
    return "none";
  return std::string{x.kind().kind} + " " + x.key() + "@"
         + std::to_string(x.revision());
}

const meta::v1::ObjectMeta* metadata_of(const pb_::Message& msg) {
  auto* field = metadata_field(msg.GetDescriptor());
  if (field == nullptr)
    return nullptr;
  return static_cast<const meta::v1::ObjectMeta*>(
      &msg.GetReflection()->GetMessage(msg, field));
}

meta::v1::ObjectMeta* mutable_metadata_of(pb_::Message& msg) {
  auto* field = metadata_field(msg.GetDescriptor());
  if (field == nullptr)
    return nullptr;
  return static_cast<meta::v1::ObjectMeta*>(
      msg.GetReflection()->MutableMessage(&msg, field));
}

} // namespace troupe
