// libarchive and libcurl, by the names of their functions, loaded by the first
// call. With the thirty libraries that they need they would take 5 MB of every
// process and a good part of its start; few ever unpack or fetch an image.

// As functions, not as macros around them.
#define CURL_DISABLE_TYPECHECK

#include "runtime/images/late_libraries.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <cstdarg>
#include <cstdio>
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdexcept>

#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace {

/// Throws std::runtime_error where the machine does not have it: as where a
/// program does not start for want of it.
void* load(const char* file) {
  auto* library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr)
    throw std::runtime_error(dlerror());
  return library;
}

template <class F>
F* found_in(void* library, const char* name, F*) {
  auto* function = dlsym(library, name);
  if (function == nullptr)
    throw std::runtime_error(dlerror());
  return reinterpret_cast<F*>(function);
}

void* archives() {
  static auto* const library = load(TROUPE_LIBARCHIVE);
  return library;
}

void* transfers() {
  static auto* const library = load(TROUPE_LIBCURL);
  return library;
}

} // namespace

namespace troupe::images {

void load_libraries() {
  archives();
  transfers();
}

} // namespace troupe::images

extern "C" {

// -- libarchive ---------------------------------------------------------------

const char* archive_entry_hardlink(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_hardlink", &archive_entry_hardlink);
  return real(a);
}

const char* archive_entry_pathname(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_pathname", &archive_entry_pathname);
  return real(a);
}

const char* archive_entry_symlink(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_symlink", &archive_entry_symlink);
  return real(a);
}

__LA_MODE_T archive_entry_filetype(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_filetype", &archive_entry_filetype);
  return real(a);
}

__LA_MODE_T archive_entry_perm(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_perm", &archive_entry_perm);
  return real(a);
}

la_int64_t archive_entry_gid(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_gid", &archive_entry_gid);
  return real(a);
}

la_int64_t archive_entry_uid(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_uid", &archive_entry_uid);
  return real(a);
}

la_int64_t archive_entry_size(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_size", &archive_entry_size);
  return real(a);
}

time_t archive_entry_mtime(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_mtime", &archive_entry_mtime);
  return real(a);
}

long archive_entry_mtime_nsec(archive_entry* a) {
  static auto* const real = found_in(archives(), "archive_entry_mtime_nsec",
                                     &archive_entry_mtime_nsec);
  return real(a);
}

dev_t archive_entry_rdevmajor(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_rdevmajor", &archive_entry_rdevmajor);
  return real(a);
}

dev_t archive_entry_rdevminor(archive_entry* a) {
  static auto* const real =
      found_in(archives(), "archive_entry_rdevminor", &archive_entry_rdevminor);
  return real(a);
}

int archive_entry_xattr_next(archive_entry* a, const char** b, const void** c,
                             size_t* d) {
  static auto* const real = found_in(archives(), "archive_entry_xattr_next",
                                     &archive_entry_xattr_next);
  return real(a, b, c, d);
}

int archive_entry_xattr_reset(archive_entry* a) {
  static auto* const real = found_in(archives(), "archive_entry_xattr_reset",
                                     &archive_entry_xattr_reset);
  return real(a);
}

const char* archive_error_string(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_error_string", &archive_error_string);
  return real(a);
}

la_ssize_t archive_read_data(archive* a, void* b, size_t c) {
  static auto* const real =
      found_in(archives(), "archive_read_data", &archive_read_data);
  return real(a, b, c);
}

int archive_read_data_block(archive* a, const void** b, size_t* c,
                            la_int64_t* d) {
  static auto* const real =
      found_in(archives(), "archive_read_data_block", &archive_read_data_block);
  return real(a, b, c, d);
}

int archive_read_free(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_free", &archive_read_free);
  return real(a);
}

archive* archive_read_new() {
  static auto* const real =
      found_in(archives(), "archive_read_new", &archive_read_new);
  return real();
}

int archive_read_next_header(archive* a, archive_entry** b) {
  static auto* const real = found_in(archives(), "archive_read_next_header",
                                     &archive_read_next_header);
  return real(a, b);
}

int archive_read_open(archive* a, void* b, archive_open_callback* c,
                      archive_read_callback* d, archive_close_callback* e) {
  static auto* const real =
      found_in(archives(), "archive_read_open", &archive_read_open);
  return real(a, b, c, d, e);
}

int archive_read_open_fd(archive* a, int b, size_t c) {
  static auto* const real =
      found_in(archives(), "archive_read_open_fd", &archive_read_open_fd);
  return real(a, b, c);
}

int archive_read_support_filter_bzip2(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_support_filter_bzip2",
               &archive_read_support_filter_bzip2);
  return real(a);
}

int archive_read_support_filter_gzip(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_support_filter_gzip",
               &archive_read_support_filter_gzip);
  return real(a);
}

int archive_read_support_filter_xz(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_support_filter_xz",
               &archive_read_support_filter_xz);
  return real(a);
}

int archive_read_support_filter_zstd(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_support_filter_zstd",
               &archive_read_support_filter_zstd);
  return real(a);
}

int archive_read_support_format_empty(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_support_format_empty",
               &archive_read_support_format_empty);
  return real(a);
}

int archive_read_support_format_raw(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_support_format_raw",
               &archive_read_support_format_raw);
  return real(a);
}

int archive_read_support_format_tar(archive* a) {
  static auto* const real =
      found_in(archives(), "archive_read_support_format_tar",
               &archive_read_support_format_tar);
  return real(a);
}

void archive_set_error(archive* a, int number, const char* text, ...) {
  static auto* const real =
      found_in(archives(), "archive_set_error", &archive_set_error);
  va_list more;
  va_start(more, text);
  char made[256];
  vsnprintf(made, sizeof(made), text, more);
  va_end(more);
  real(a, number, "%s", made);
}

// -- libcurl ------------------------------------------------------------------

void curl_easy_cleanup(CURL* a) {
  static auto* const real =
      found_in(transfers(), "curl_easy_cleanup", &curl_easy_cleanup);
  real(a);
}

CURL* curl_easy_init() {
  static auto* const real =
      found_in(transfers(), "curl_easy_init", &curl_easy_init);
  return real();
}

CURLcode curl_easy_perform(CURL* a) {
  static auto* const real =
      found_in(transfers(), "curl_easy_perform", &curl_easy_perform);
  return real(a);
}

const char* curl_easy_strerror(CURLcode a) {
  static auto* const real =
      found_in(transfers(), "curl_easy_strerror", &curl_easy_strerror);
  return real(a);
}

void curl_free(void* a) {
  static auto* const real = found_in(transfers(), "curl_free", &curl_free);
  real(a);
}

CURLcode curl_global_init(long a) {
  static auto* const real =
      found_in(transfers(), "curl_global_init", &curl_global_init);
  return real(a);
}

curl_slist* curl_slist_append(curl_slist* a, const char* b) {
  static auto* const real =
      found_in(transfers(), "curl_slist_append", &curl_slist_append);
  return real(a, b);
}

void curl_slist_free_all(curl_slist* a) {
  static auto* const real =
      found_in(transfers(), "curl_slist_free_all", &curl_slist_free_all);
  real(a);
}

CURLU* curl_url() {
  static auto* const real = found_in(transfers(), "curl_url", &curl_url);
  return real();
}

void curl_url_cleanup(CURLU* a) {
  static auto* const real =
      found_in(transfers(), "curl_url_cleanup", &curl_url_cleanup);
  real(a);
}

CURLUcode curl_url_get(CURLU* a, CURLUPart b, char** c, unsigned d) {
  static auto* const real =
      found_in(transfers(), "curl_url_get", &curl_url_get);
  return real(a, b, c, d);
}

CURLUcode curl_url_set(CURLU* a, CURLUPart b, const char* c, unsigned d) {
  static auto* const real =
      found_in(transfers(), "curl_url_set", &curl_url_set);
  return real(a, b, c, d);
}

// The number of an option says what its value is; see CURLOPTTYPE_LONG.
CURLcode curl_easy_setopt(CURL* a, CURLoption option, ...) {
  static auto* const real =
      found_in(transfers(), "curl_easy_setopt", &curl_easy_setopt);
  va_list more;
  va_start(more, option);
  auto code = CURLE_OK;
  constexpr int kinds = 10'000;
  switch (option / kinds * kinds) {
    case CURLOPTTYPE_LONG:
      code = real(a, option, va_arg(more, long));
      break;
    case CURLOPTTYPE_OFF_T:
      code = real(a, option, va_arg(more, curl_off_t));
      break;
    default:
      code = real(a, option, va_arg(more, void*));
  }
  va_end(more);
  return code;
}

CURLcode curl_easy_getinfo(CURL* a, CURLINFO what, ...) {
  static auto* const real =
      found_in(transfers(), "curl_easy_getinfo", &curl_easy_getinfo);
  va_list more;
  va_start(more, what);
  auto code = real(a, what, va_arg(more, void*));
  va_end(more);
  return code;
}

} // extern "C"
