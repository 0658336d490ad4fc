#include "cli/store_choice.hpp"

#include "runtime/crypto/certificate.hpp"
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

caf::error bad_file(const char* option, const std::string& why) {
  return make_error(ec::bad_request, std::string{option} + ": " + why);
}

/// Whether they are what they are said to be; etcd's client would not say which
/// is not.
caf::error check_files(store_choice& choice) {
  std::array<std::string, 3> texts;
  const std::array names{"--store-ca", "--store-cert", "--store-key"};
  std::array files{&choice.authority_file, &choice.certificate_file,
                   &choice.key_file};
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i]->empty())
      continue;
    *files[i] = fs::absolute(*files[i]);
    auto text = crypto::read_file(*files[i]);
    if (!text)
      return bad_file(names[i], message_of(text.error()));
    texts[i] = std::move(*text);
  }
  for (size_t i : {0, 1})
    if (!texts[i].empty())
      if (auto info = crypto::inspect_certificate(texts[i]); !info)
        return bad_file(names[i], *files[i] + ": " + message_of(info.error()));
  if (!texts[2].empty())
    if (auto both = crypto::parse_credential(texts[1] + "\n" + texts[2]); !both)
      return bad_file(names[2], *files[2] + " is not the key of "
                                    + choice.certificate_file + ": "
                                    + message_of(both.error()));
  return caf::none;
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
  if (choice.where == built_in && files)
    return make_error(ec::bad_request, "--store-ca, --store-cert and "
                                       "--store-key are for an etcd");
  if (choice.where.empty() || choice.where == built_in)
    return etcd::place{};
  auto place = etcd::parse_place(choice.where);
  if (!place)
    return place;
  if (auto err = check_files(choice))
    return err;
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
