#include "runtime/oci/cgroups.hpp"

#include "messages/container.pb.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace troupe::oci {

namespace {

constexpr int64_t least_shares = 2;
constexpr int64_t most_shares = 262144;
constexpr const char* known_controllers[] = {
    "cpu",  "cpuacct", "cpuset",  "memory", "devices",  "freezer",    "blkio",
    "pids", "hugetlb", "net_cls", "rdma",   "net_prio", "perf_event", "misc"};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> result;
  for (size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find(at, begin), text.size());
    result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

bool is_known(std::string_view name) {
  return std::find(std::begin(known_controllers), std::end(known_controllers),
                   name)
         != std::end(known_controllers);
}

uint64_t number_of(std::string_view text) {
  uint64_t result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

/// The number behind "KEY " at the beginning of a line.
uint64_t value_of(std::string_view text, std::string_view key) {
  for (auto line : split(text, '\n'))
    if (line.size() > key.size() && line.substr(0, key.size()) == key
        && line[key.size()] == ' ')
      return number_of(line.substr(key.size() + 1));
  return 0;
}

using settings = std::vector<setting>;
using container::Resources;

class writer {
public:
  writer(const cgroup_layout& layout, const std::string& path, bool lift)
      : layout_(layout), path_(path), lift_(lift) {
    // nop
  }

  void put(const char* controller, const std::string& file,
           const std::string& value) {
    if (auto folder = layout_.folder_of(controller); !folder.empty())
      out.push_back({folder + path_ + "/" + file, value});
  }

  /// No limit where nothing is set.
  void limit(const char* controller, const char* file, bool set, int64_t value,
             const char* none) {
    if (set)
      put(controller, file, std::to_string(value));
    else if (lift_)
      put(controller, file, none);
  }

  bool lifts() const { return lift_; }

  settings out;

private:
  const cgroup_layout& layout_;
  const std::string& path_;
  bool lift_;
};

void put_cpu_time(writer& w, bool unified, const Resources& r) {
  auto period = r.cpu_period() > 0 ? r.cpu_period() : int64_t{100000};
  auto limited = r.cpu_quota() > 0;
  if (!limited && !w.lifts())
    return;
  if (unified) {
    auto quota = limited ? std::to_string(r.cpu_quota()) : "max";
    w.put("cpu", "cpu.max", quota + " " + std::to_string(period));
    return;
  }
  w.put("cpu", "cpu.cfs_period_us", std::to_string(period));
  w.put("cpu", "cpu.cfs_quota_us",
        limited ? std::to_string(r.cpu_quota()) : "-1");
}

void put_memory(writer& w, const cgroup_layout& layout, const Resources& r) {
  auto set = r.memory_limit() > 0;
  auto both =
      r.memory_swap_limit() > 0 ? r.memory_swap_limit() : r.memory_limit();
  if (layout.unified) {
    w.limit("memory", "memory.max", set, r.memory_limit(), "max");
    if (layout.counts_swap)
      w.limit("memory", "memory.swap.max", set, both - r.memory_limit(), "max");
    return;
  }
  // Memory alone may never be allowed more than memory and swap together.
  if (layout.counts_swap)
    w.limit("memory", "memory.memsw.limit_in_bytes", false, 0, "-1");
  w.limit("memory", "memory.limit_in_bytes", set, r.memory_limit(), "-1");
  if (layout.counts_swap && set)
    w.put("memory", "memory.memsw.limit_in_bytes", std::to_string(both));
}

} // namespace

std::string cgroup_layout::folder_of(std::string_view controller) const {
  for (auto& h : hierarchies)
    if (std::find(h.controllers.begin(), h.controllers.end(), controller)
        != h.controllers.end())
      return h.folder;
  return {};
}

cgroup_layout parse_layout(std::string_view mountinfo) {
  cgroup_layout result;
  std::vector<hierarchy> old;
  std::string tree;
  for (auto line : split(mountinfo, '\n')) {
    auto words = split(line, ' ');
    auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 10 || words.end() - dash < 4)
      continue;
    std::string place{words[4]};
    auto type = dash[1];
    if (type == "cgroup2" && tree.empty()) {
      tree = place;
    } else if (type == "cgroup") {
      hierarchy h{place, {}};
      for (auto option : split(dash[3], ','))
        if (is_known(option))
          h.controllers.emplace_back(option);
      old.push_back(std::move(h));
    }
  }
  result.unified = old.empty() && !tree.empty();
  result.hybrid = !old.empty() && !tree.empty();
  if (result.unified)
    result.hierarchies.push_back(
        {tree, {std::begin(known_controllers), std::end(known_controllers)}});
  else
    result.hierarchies = std::move(old);
  return result;
}

std::string cgroup_prefix(std::string_view pods_folder) {
  // FNV-1a: the same in every process.
  uint64_t hash = 14695981039346656037u;
  for (auto c : pods_folder) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211u;
  }
  char text[32];
  snprintf(text, sizeof(text), "troupe-%012llx",
           static_cast<unsigned long long>(hash >> 16));
  return text;
}

std::string class_path(const std::string& prefix,
                       const container::SandboxConfig& pod) {
  auto result = "/" + prefix + "/kubepods";
  if (pod.qos() == container::BURSTABLE)
    result += "/burstable";
  else if (pod.qos() == container::BEST_EFFORT)
    result += "/besteffort";
  return result;
}

std::string pod_path(const std::string& prefix,
                     const container::SandboxConfig& pod) {
  return class_path(prefix, pod) + "/pod" + pod.uid();
}

int64_t weight_of_shares(int64_t shares) {
  shares = std::clamp(shares, least_shares, most_shares);
  return 1 + (shares - 2) * 9999 / 262142;
}

settings settings_of(const cgroup_layout& layout, const std::string& path,
                     const Resources& r, bool lift) {
  writer w{layout, path, lift};
  if (r.has_cpu_shares()) {
    auto shares = std::clamp(r.cpu_shares(), least_shares, most_shares);
    if (layout.unified)
      w.put("cpu", "cpu.weight", std::to_string(weight_of_shares(shares)));
    else
      w.put("cpu", "cpu.shares", std::to_string(shares));
  }
  put_cpu_time(w, layout.unified, r);
  put_memory(w, layout, r);
  w.limit("pids", "pids.max", r.pids_limit() > 0, r.pids_limit(), "max");
  if (!r.cpuset_cpus().empty())
    w.put("cpuset", "cpuset.cpus", r.cpuset_cpus());
  if (!r.cpuset_mems().empty())
    w.put("cpuset", "cpuset.mems", r.cpuset_mems());
  for (auto& pages : r.hugepage_limits())
    w.put("hugetlb",
          "hugetlb." + pages.page_size()
              + (layout.unified ? ".max" : ".limit_in_bytes"),
          std::to_string(pages.limit()));
  return std::move(w.out);
}

std::vector<std::string> folders_of(const cgroup_layout& layout,
                                    const std::string& path) {
  std::vector<std::string> result;
  for (auto& h : layout.hierarchies)
    result.push_back(h.folder + path);
  return result;
}

std::string oom_file_of(const cgroup_layout& layout, const std::string& path) {
  auto folder = layout.folder_of("memory");
  if (folder.empty())
    return {};
  return folder + path
         + (layout.unified ? "/memory.events" : "/memory.oom_control");
}

usage_texts usage_files(const cgroup_layout& layout, const std::string& path) {
  usage_texts result;
  auto take = [&](const char* controller, const char* one, const char* two) {
    auto folder = layout.folder_of(controller);
    return folder.empty() ? folder
                          : folder + path + "/" + (layout.unified ? two : one);
  };
  result.cpu = take("cpuacct", "cpuacct.usage", "cpu.stat");
  result.memory = take("memory", "memory.usage_in_bytes", "memory.current");
  result.memory_stat = take("memory", "memory.stat", "memory.stat");
  result.processes = take("pids", "pids.current", "pids.current");
  return result;
}

usage usage_of(const cgroup_layout& layout, const usage_texts& texts) {
  usage result;
  result.cpu_ns = layout.unified ? value_of(texts.cpu, "usage_usec") * 1000
                                 : number_of(texts.cpu);
  result.memory = number_of(texts.memory);
  // cAdvisor: what the kernel may give back at once is not in use.
  auto idle =
      value_of(texts.memory_stat,
               layout.unified ? "inactive_file" : "total_inactive_file");
  result.working_set = idle < result.memory ? result.memory - idle : 0;
  result.processes = number_of(texts.processes);
  return result;
}

} // namespace troupe::oci
