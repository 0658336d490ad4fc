#include "cli/store_choice.hpp"

#include "runtime/crypto/key_files.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <fstream>
#include <utility>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr auto built_in = "leveldb";

/// What is kept, and where in the file.
constexpr std::array fields{
    std::pair{"store", &store_choice::where},
    std::pair{"ca", &store_choice::authority_file},
    std::pair{"cert", &store_choice::certificate_file},
    std::pair{"key", &store_choice::key_file},
};

fs::path file_in(const fs::path& data_dir) {
  return data_dir / "store.json";
}

expected<store_choice> read_last(const fs::path& data_dir) {
  store_choice result;
  std::ifstream in{file_in(data_dir)};
  if (!in)
    return result;
  auto doc = json::parse(in, nullptr, false);
  for (auto [name, field] : fields) {
    if (!doc.is_object() || !doc.contains(name) || !doc[name].is_string())
      return make_error(ec::internal_error,
                        file_in(data_dir).string()
                            + " does not say where the cluster's state is: "
                              "remove it, and start with --store");
    result.*field = doc[name].get<std::string>();
  }
  return result;
}

} // namespace

std::string check_store_choice(const std::string& where) {
  if (where == built_in)
    return {};
  auto place = etcd::parse_place(where);
  return place ? std::string{} : message_of(place.error());
}

expected<etcd::place> settle_store(const fs::path& data_dir,
                                   store_choice& choice) {
  auto files = !choice.authority_file.empty()
               || !choice.certificate_file.empty() || !choice.key_file.empty();
  if (choice.where.empty() && files)
    return make_error(ec::bad_request, "--store-ca, --store-cert and "
                                       "--store-key go with --store");
  if (choice.where.empty()) {
    auto last = read_last(data_dir);
    if (!last)
      return std::move(last.error());
    choice = std::move(*last);
  }
  if (choice.certificate_file.empty() != choice.key_file.empty())
    return make_error(ec::bad_request,
                      "--store-cert and --store-key go together");
  if (choice.where.empty() || choice.where == built_in)
    return etcd::place{};
  auto place = etcd::parse_place(choice.where);
  if (!place)
    return place;
  for (auto* file :
       {&choice.authority_file, &choice.certificate_file, &choice.key_file}) {
    if (file->empty())
      continue;
    *file = fs::absolute(*file);
    if (!std::ifstream{*file})
      return make_error(ec::bad_request, "cannot read " + *file);
  }
  place->authority_file = choice.authority_file;
  place->certificate_file = choice.certificate_file;
  place->key_file = choice.key_file;
  return place;
}

expected<void> keep_store(const fs::path& data_dir,
                          const store_choice& choice) {
  json doc;
  for (auto [name, field] : fields)
    doc[name] = choice.*field;
  return crypto::write_secret_file(file_in(data_dir), doc.dump() + "\n");
}

} // namespace troupe::cli
