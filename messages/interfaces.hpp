#pragma once

#include "messages/changes.hpp"
#include "messages/codec.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

namespace troupe::system {
class ActorList;
class AwaitTerm;
class Deciders;
class Describe;
class Description;
class Enroll;
class Enrolled;
class Explain;
class Explanation;
class FindProcess;
class KeepAway;
class Kill;
class Killed;
class ListActors;
class ListDeciders;
class ProcessFound;
class Resolve;
class Servers;
class Started;
class Stopped;
class Term;
class Tick;
} // namespace troupe::system

namespace troupe::call {
class Ack;
class AskNonce;
class Nonce;
class OpenSession;
class Request;
class Response;
class SessionOpened;
class StopWatch;
class Watch;
class WatchStarted;
} // namespace troupe::call

namespace troupe {

/// Hears what changed. The way back from view to reader: narrow, so that no
/// header includes its user.
using watcher_actor = caf::typed_actor<
    // A batch of a watch; to be acknowledged.
    caf::reacts_to<changes>>;

/// Tells what `topology` shows of it.
using describe_actor = caf::typed_actor<
    caf::replies_to<pb<system::Describe>>::with<pb<system::Description>>>;

/// Tells its last decision about a key and the reason.
using explain_actor = caf::typed_actor<
    caf::replies_to<pb<system::Explain>>::with<pb<system::Explanation>>>;

/// The API server as one identity sees it: a session, and what stands behind
/// it. Errors are Kubernetes' (messages/errors.hpp).
using api_actor = caf::typed_actor<
    // Any verb but watch. The object is the body of create and update, empty
    // otherwise; the answer brings the objects asked for or written.
    caf::replies_to<pb<call::Request>, object>::with<pb<call::Response>,
                                                     std::vector<object>>,
    // Follow what changes.
    caf::replies_to<pb<call::Watch>,
                    watcher_actor>::with<pb<call::WatchStarted>>,
    // A batch was taken.
    caf::reacts_to<pb<call::Ack>, watcher_actor>,
    // No more of this stream.
    caf::reacts_to<pb<call::StopWatch>, watcher_actor>>;

/// A session as its holder sees it: the API, and for administrators the actors
/// behind it.
using session_actor = api_actor
    // All actors as they are.
    ::extend<
        caf::replies_to<pb<system::ListActors>>::with<pb<system::ActorList>>,
        // End one of them.
        caf::replies_to<pb<system::Kill>>::with<pb<system::Killed>>>
    // Why is an object the way it is?
    ::extend_with<explain_actor>::extend_with<describe_actor>;

/// The way in to the API server.
using front_door_actor = caf::typed_actor<
    // Something unguessable to sign.
    caf::replies_to<pb<call::AskNonce>>::with<pb<call::Nonce>>,
    // A session for the identity that is proved, or named within the process.
    caf::replies_to<pb<call::OpenSession>>::with<
        pb<call::SessionOpened>, session_actor>>::extend_with<describe_actor>;

/// Which of several processes is the active one, as one of them sees it.
using election_actor = caf::typed_actor<
    // How it stands, as soon as that differs from what is known.
    caf::replies_to<pb<system::AwaitTerm>>::with<pb<system::Term>>,
    // Time to renew, to give up, or to try again.
    caf::reacts_to<pb<system::Tick>>,
    // Who is active changed.
    caf::reacts_to<changes>>::extend_with<describe_actor>;

/// Keeps actors running, as the directory sees it.
using keeper_actor = caf::typed_actor<
    // End a child, and start it again only after a while.
    caf::reacts_to<pb<system::KeepAway>>>;

/// Knows every actor of a cluster by its path.
using directory_actor = caf::typed_actor<
    // The handle of a path, as soon as there is one.
    caf::replies_to<pb<system::Resolve>>::with<caf::actor>,
    // Somebody waits for one no longer.
    caf::reacts_to<pb<system::Tick>>,
    // An actor was started at a path.
    caf::reacts_to<pb<system::Started>, caf::actor>,
    // One is kept away for a while.
    caf::reacts_to<pb<system::Stopped>>,
    // All of them.
    caf::replies_to<pb<system::ListActors>>::with<pb<system::ActorList>>,
    // End one of them, and keep it away if asked to.
    caf::replies_to<pb<system::Kill>>::with<pb<system::Killed>>>::
    extend_with<describe_actor>;

} // namespace troupe
