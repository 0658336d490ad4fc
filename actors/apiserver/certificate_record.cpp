#include "actors/apiserver/certificate_record.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/issued_certificates.hpp"

namespace troupe {

namespace {

using core::v1::ConfigMap;
using outcome = std::function<void(const caf::error&)>;

/// What is to be noted.
struct entry {
  std::string user;
  std::string serial;
  time_point end;
  std::string request;
};

constexpr int most_tries = 5;

object_ref place_of(const std::string& user) {
  return {&kind_of<ConfigMap>(), rules::certificates_namespace,
          rules::issued_name(user)};
}

void attempt(api_session& api, const entry& what, int tries, outcome done);

void write(api_session& api, const entry& what, const object& old, int tries,
           const outcome& done) {
  rules::issued_certificates record;
  if (old)
    if (auto known = rules::read_issued_certificates(old.as<ConfigMap>()))
      record = std::move(*known);
  record.user = what.user;
  record.note(what.serial, what.end, api.now());
  record.last_request = what.request;
  auto msg = rules::to_config_map(record);
  auto then = [&api, what, tries, done](expected<answer> result) {
    if (result)
      return done(caf::none);
    auto late = is(result.error(), ec::conflict)
                || is(result.error(), ec::already_exists)
                || is(result.error(), ec::not_found);
    if (late && tries > 1)
      return attempt(api, what, tries - 1, done);
    done(result.error());
  };
  if (!old)
    return api.create(object::of(msg), then);
  msg.mutable_metadata()->set_resource_version(std::to_string(old.revision()));
  api.update(object::of(msg), then);
}

void attempt(api_session& api, const entry& what, int tries, outcome done) {
  api.get(place_of(what.user),
          [&api, what, tries, done](expected<answer> found) {
            if (!found && !is(found.error(), ec::not_found))
              return done(found.error());
            write(api, what, found ? found->one() : object{}, tries, done);
          });
}

} // namespace

void record_certificate(api_session& api, const issued_now& what,
                        outcome done) {
  auto serial = crypto::serial_of(what.certificate);
  auto info = crypto::inspect_certificate(what.certificate);
  if (!serial || !info)
    return done(serial ? info.error() : serial.error());
  attempt(api, {what.user, *serial, info->not_after, what.request}, most_tries,
          std::move(done));
}

void last_certificate(
    api_session& api, const std::string& user,
    std::function<void(expected<std::optional<last_issued>>)> done) {
  using last = std::optional<last_issued>;
  api.get(place_of(user), [done = std::move(done)](expected<answer> found) {
    if (!found)
      return is(found.error(), ec::not_found)
                 ? done(last{})
                 : done(expected<last>{found.error()});
    auto map = found->one();
    auto record = rules::read_issued_certificates(map.as<ConfigMap>());
    done(record ? last{{record->last, map.revision(), record->last_request}}
                : last{});
  });
}

} // namespace troupe
