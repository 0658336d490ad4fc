#pragma once

#include "actors/etcd/etcd_client.hpp"

/// What the files of the etcd client use of each other.
namespace troupe::etcd_steps {

using pointer = etcd_client_actor::stateful_pointer<etcd_client_state>;

// -- etcd_connection ----------------------------------------------------------

/// Tries the present server.
void connect(pointer self);

/// Makes a call as soon as there is a connection; it ends within the patience
/// of a request.
void submit(pointer self, etcd_call what);

void on_answered(pointer self, const rpc_answered& what);
void on_tick(pointer self, uint64_t number);

/// The connection of that number is of no use any more.
void lose(pointer self, uint64_t connection, const rpc::status& why);

/// Hands `use` the revision that etcd's majority had reached when this was
/// asked, or later.
void with_revision(pointer self, etcd_client_state::revision_user use);

// -- etcd_renewals ------------------------------------------------------------

void renew(pointer self, etcd_call what);
void on_renewal(pointer self, const rpc_heard& what);
void on_renewals_ended(pointer self, const rpc_ended& what);

/// Takes back what was sent and is not answered: it may be asked again.
void take_back_renewals(pointer self);

// -- etcd_watches -------------------------------------------------------------

void on_watch(pointer self, const store_api::WatchRequest& request,
              const store_watcher_actor& watcher);
void on_credit(pointer self, const store_api::WatchCredit& more,
               const store_watcher_actor& watcher);
void on_cancel(pointer self, const store_api::WatchCancel& what,
               const store_watcher_actor& watcher);
void on_progress(pointer self, const store_api::WatchProgress& request,
                 const store_watcher_actor& watcher);
void on_watcher_down(pointer self, const caf::down_msg& down);
void on_watch_page(pointer self, const rpc_heard& what);

/// Opens every feed again where it stood.
void resume_feeds(pointer self);

} // namespace troupe::etcd_steps
