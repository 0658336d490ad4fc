#include "runtime/images/installation.hpp"

#include "runtime/images/digest.hpp"

namespace troupe::images {

expected<std::vector<layer_step>> plan_layers(const manifest& from,
                                              const image_config& config,
                                              const platform& on) {
  auto& has = config.platform;
  // Images of scratch may name none.
  if (!has.architecture.empty() && !can_run(has, on))
    return make_error(ec::invalid, "image is for " + has.text()
                                       + ", this machine is " + on.text());
  if (from.layers.size() != config.diff_ids.size())
    return make_error(ec::invalid,
                      "manifest has " + std::to_string(from.layers.size())
                          + " layers, configuration "
                          + std::to_string(config.diff_ids.size()));
  std::vector<layer_step> result;
  std::string parent;
  for (size_t i = 0; i < from.layers.size(); ++i) {
    auto& blob = from.layers[i];
    if (!is_layer(blob.media_type))
      return make_error(ec::invalid, "layer " + blob.digest + " is of type "
                                         + blob.media_type
                                         + ", which is not supported");
    auto& diff_id = config.diff_ids[i];
    auto chain = chain_id(parent, diff_id);
    result.push_back({blob, parent, diff_id, chain});
    parent = chain;
  }
  return result;
}

expected<image_documents> read_image(const image_store& store,
                                     const std::string& manifest_digest) {
  auto& limits = store.options().documents;
  auto bytes = store.read_document(manifest_digest);
  if (!bytes)
    return bytes.error();
  auto read = parse_document(*bytes, "", limits);
  if (!read)
    return read.error();
  if (!read->manifest)
    return make_error(ec::invalid, manifest_digest + " is no manifest");
  bytes = store.read_document(read->manifest->config.digest);
  if (!bytes)
    return bytes.error();
  auto config = parse_config(*bytes, limits);
  if (!config)
    return config.error();
  return image_documents{std::move(*read->manifest), std::move(*config)};
}

expected<image_record> install(store_work& work, const installation& what,
                               time_point now) {
  auto documents = read_image(work.store(), what.manifest);
  if (!documents)
    return documents.error();
  auto steps = plan_layers(documents->manifest, documents->config, what.on);
  if (!steps)
    return steps.error();
  // Named before they are looked for, so that none goes meanwhile.
  for (auto& step : *steps)
    if (auto err = work.need(step.chain))
      return err;
  std::vector<std::filesystem::path> below;
  for (auto& step : *steps) {
    if (!work.has_layer(step.chain)) {
      if (auto err = what.fetch(step))
        return err;
      if (auto err = work.unpack(step.blob.digest, step.parent, step.diff_id,
                                 below, what.cancelled))
        return err;
    }
    below.insert(below.begin(), work.store().layer_path(step.chain) / "diff");
  }
  auto added =
      work.add(what.manifest, what.tags, what.digests, what.pinned, now);
  if (added)
    for (auto& step : *steps)
      work.drop_blob(step.blob.digest);
  return added;
}

} // namespace troupe::images
