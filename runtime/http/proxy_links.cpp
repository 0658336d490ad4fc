#include "runtime/http/proxy_links.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

namespace troupe::http {

namespace {

/// Which attributes of which tags are links (HTML 4 and 5).
struct link_row {
  std::string_view tag;
  std::string_view attribute;
};

constexpr auto link_rows = std::to_array<link_row>({
    {"a", "href"},          {"applet", "codebase"},   {"area", "href"},
    {"audio", "src"},       {"base", "href"},         {"blockquote", "cite"},
    {"body", "background"}, {"button", "formaction"}, {"command", "icon"},
    {"del", "cite"},        {"embed", "src"},         {"form", "action"},
    {"frame", "longdesc"},  {"frame", "src"},         {"head", "profile"},
    {"html", "manifest"},   {"iframe", "longdesc"},   {"iframe", "src"},
    {"img", "longdesc"},    {"img", "src"},           {"img", "usemap"},
    {"input", "src"},       {"input", "usemap"},      {"input", "formaction"},
    {"ins", "cite"},        {"link", "href"},         {"object", "classid"},
    {"object", "codebase"}, {"object", "data"},       {"object", "usemap"},
    {"q", "cite"},          {"script", "src"},        {"source", "src"},
    {"video", "poster"},    {"video", "src"},
});

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool is_link(std::string_view tag, std::string_view attribute) {
  return std::any_of(link_rows.begin(), link_rows.end(), [&](auto& row) {
    return row.tag == tag && row.attribute == attribute;
  });
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/// The parts of a link that matter here, RFC 3986, appendix B.
struct link_parts {
  std::string_view scheme;
  std::string_view host;
  bool has_host = false;
  std::string_view path;
  std::string_view rest; ///< query and fragment, with their signs
};

link_parts split(std::string_view link) {
  link_parts out;
  auto colon = link.find(':');
  if (colon != std::string_view::npos && colon > 0
      && link.find_first_of("/?#") > colon) {
    out.scheme = link.substr(0, colon);
    link.remove_prefix(colon + 1);
  }
  if (link.starts_with("//")) {
    link.remove_prefix(2);
    auto end = std::min(link.find_first_of("/?#"), link.size());
    out.has_host = true;
    out.host = link.substr(0, end);
    link.remove_prefix(end);
  }
  auto end = std::min(link.find_first_of("?#"), link.size());
  out.path = link.substr(0, end);
  out.rest = link.substr(end);
  return out;
}

/// Joins two paths and takes out what is empty or leads back.
std::string join_paths(std::string_view prefix, std::string_view path) {
  std::vector<std::string_view> parts;
  for (auto text : {prefix, path})
    while (!text.empty()) {
      auto end = std::min(text.find('/'), text.size());
      auto part = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (part == ".." && !parts.empty())
        parts.pop_back();
      else if (!part.empty() && part != "." && part != "..")
        parts.push_back(part);
    }
  std::string out;
  for (auto part : parts)
    (out += '/') += part;
  if (path.ends_with('/'))
    out += '/';
  return out.empty() ? "/" : out;
}

/// Walks through a page and writes it anew.
class page_writer {
public:
  page_writer(std::string_view html, const proxied_place& at)
      : html_(html), place_(at) {
    out_.reserve(html.size() + html.size() / 16);
  }

  std::string write() {
    while (at_ < html_.size()) {
      auto open = std::min(html_.find('<', at_), html_.size());
      copy_to(open);
      if (at_ >= html_.size())
        break;
      if (html_.substr(at_).starts_with("<!--"))
        copy_past("-->", at_ + 4);
      else if (at_ + 1 < html_.size() && std::isalpha(byte(at_ + 1)))
        write_tag();
      else
        copy_to(at_ + 1);
    }
    return std::move(out_);
  }

private:
  unsigned char byte(size_t i) const {
    return static_cast<unsigned char>(html_[i]);
  }

  void copy_to(size_t end) {
    out_ += html_.substr(at_, end - at_);
    at_ = end;
  }

  void copy_past(std::string_view text, size_t from) {
    auto found = html_.find(text, from);
    copy_to(found == std::string_view::npos ? html_.size()
                                            : found + text.size());
  }

  size_t skip(size_t from, bool (*what)(char)) const {
    while (from < html_.size() && what(html_[from]))
      ++from;
    return from;
  }

  void write_tag() {
    auto ends_name = [](char c) {
      return !is_space(c) && c != '>' && c != '/';
    };
    auto end = skip(at_ + 1, ends_name);
    auto tag = lower(html_.substr(at_ + 1, end - at_ - 1));
    copy_to(end);
    while (at_ < html_.size() && html_[at_] != '>')
      write_attribute(tag);
    if (at_ < html_.size())
      copy_to(at_ + 1);
    // What stands in a script is no HTML.
    if (tag == "script" || tag == "style")
      copy_raw("</" + tag);
  }

  void copy_raw(const std::string& until) {
    for (auto i = at_; i + until.size() <= html_.size(); ++i)
      if (lower(html_.substr(i, until.size())) == until)
        return copy_to(i);
    copy_to(html_.size());
  }

  void write_attribute(std::string_view tag) {
    copy_to(skip(at_, [](char c) { return is_space(c) || c == '/'; }));
    auto begin = at_;
    copy_to(skip(at_, [](char c) {
      return !is_space(c) && c != '=' && c != '>' && c != '/';
    }));
    auto name = lower(html_.substr(begin, at_ - begin));
    auto sign = skip(at_, is_space);
    if (sign >= html_.size() || html_[sign] != '=') {
      // A stray sign is passed over, so that this always gets on.
      if (at_ == begin && at_ < html_.size() && html_[at_] != '>')
        copy_to(at_ + 1);
      return;
    }
    copy_to(skip(sign + 1, is_space));
    write_value(is_link(tag, name));
  }

  void write_value(bool link) {
    if (at_ >= html_.size())
      return;
    auto quote = html_[at_];
    size_t end = 0;
    if (quote == '"' || quote == '\'') {
      copy_to(at_ + 1);
      end = std::min(html_.find(quote, at_), html_.size());
    } else {
      end = skip(at_, [](char c) { return !is_space(c) && c != '>'; });
    }
    auto value = html_.substr(at_, end - at_);
    if (link)
      out_ += proxied_link(value, place_);
    else
      out_ += value;
    at_ = end;
    if ((quote == '"' || quote == '\'') && at_ < html_.size())
      copy_to(at_ + 1);
  }

  std::string_view html_;
  const proxied_place& place_;
  size_t at_ = 0;
  std::string out_;
};

} // namespace

std::string proxied_link(std::string_view link, const proxied_place& at) {
  auto parts = split(link);
  auto elsewhere = !parts.host.empty() && parts.host != at.host;
  if (elsewhere || !parts.path.starts_with('/'))
    return std::string{link};
  std::string out;
  // The client's own host stays, and with it how it is spoken to.
  if (!parts.host.empty()) {
    if (!parts.scheme.empty())
      (out += parts.scheme) += ':';
    (out += "//") += parts.host;
  }
  out += parts.path.starts_with(at.prefix) ? std::string{parts.path}
                                           : join_paths(at.prefix, parts.path);
  return out += parts.rest;
}

std::string proxied_page(std::string_view html, const proxied_place& at) {
  return page_writer{html, at}.write();
}

} // namespace troupe::http
