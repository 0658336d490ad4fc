#include "runtime/images/image_service.hpp"
#include "tests/support/stub_registry.hpp"

#include <future>

namespace troupe::images {

using namespace std::chrono_literals;

namespace {

/// Waits for an answer.
template <class T>
class answer {
public:
  image_edge::done<T> tell() {
    return [state = state_](expected<T> x) { state->set_value(std::move(x)); };
  }

  expected<T> get() {
    auto future = state_->get_future();
    if (future.wait_for(30s) != std::future_status::ready)
      return make_error(ec::timeout, "no answer");
    return future.get();
  }

private:
  std::shared_ptr<std::promise<expected<T>>> state_ =
      std::make_shared<std::promise<expected<T>>>();
};

} // namespace

class ImageService : public ImageStore {
protected:
  template <class T, class F>
  static expected<T> ask(F f) {
    answer<T> a;
    f(a.tell());
    return a.get();
  }

  expected<image_record> pull(image_edge& from, const std::string& image) {
    return ask<image_record>([&](auto tell) { from.pull(image, {}, tell); });
  }

  expected<std::optional<image_record>> status(image_edge& from,
                                               const std::string& image) {
    return ask<std::optional<image_record>>(
        [&](auto tell) { from.status(image, tell); });
  }

  void lives_a_life(image_edge& edge, const std::string& image) {
    EXPECT_FALSE(*status(edge, image));
    auto got = pull(edge, image);
    ASSERT_TRUE(got) << message_of(got.error());
    ASSERT_TRUE(*status(edge, image));
    EXPECT_EQ((*status(edge, got->id))->id, got->id);
    auto held =
        ask<image_content>([&](auto tell) { edge.hold("c1", got->id, tell); });
    ASSERT_TRUE(held) << message_of(held.error());
    EXPECT_EQ(held->image.id, got->id);
    auto usage = ask<store_usage>([&](auto tell) { edge.usage(tell); });
    EXPECT_GT(usage->bytes, 0u);
    auto none = ask<collected>([&](auto tell) {
      edge.collect({}, {0, 0, 0s}, tell);
    });
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->removed.empty());
    EXPECT_TRUE(ask<void>([&](auto tell) { edge.release("c1", tell); }));
    EXPECT_TRUE(ask<void>([&](auto tell) { edge.remove(image, tell); }));
    EXPECT_TRUE(ask<void>([&](auto tell) { edge.remove(image, tell); }));
    EXPECT_FALSE(*status(edge, image));
    auto all =
        ask<std::vector<image_record>>([&](auto tell) { edge.list(tell); });
    EXPECT_TRUE(all->empty());
    EXPECT_TRUE(is(pull(edge, "UPPER").error(), ec::invalid));
  }

  stub_registry registry_;
};

TEST_F(ImageService, ServesAStore) {
  registry_.add("x", "1", make_image({make_tar({file("a", "1")})}));
  image_service service{store_, {}, now};
  lives_a_life(service, registry_.address() + "/x:1");
  EXPECT_TRUE(
      is(pull(service, registry_.address() + "/y:1").error(), ec::not_found));
}

TEST_F(ImageService, HasASimulatedTwin) {
  simulated_images twin{now};
  twin.missing = {"docker.io/library/y:1"};
  lives_a_life(twin, "x:1");
  EXPECT_TRUE(is(pull(twin, "y:1").error(), ec::not_found));
}

TEST_F(ImageService, CancelsPullsWhenAskedAndWhenItEnds) {
  registry_.twist = [](const stub_request&) {
    stub_answer a{200, {{"Content-Length", "10"}}, "{"};
    a.hang = true;
    return a;
  };
  answer<image_record> first, second;
  {
    pull_options options;
    options.client.silence = 600s;
    image_service service{store_, options, now};
    auto image = registry_.address() + "/x:1";
    auto id = service.pull(image, {}, first.tell());
    service.pull(image, {}, second.tell());
    service.cancel(id);
    auto cancelled = first.get();
    ASSERT_FALSE(cancelled);
    EXPECT_TRUE(is(cancelled.error(), ec::timeout));
  }
  auto ended = second.get();
  ASSERT_FALSE(ended);
  EXPECT_TRUE(is(ended.error(), ec::timeout)) << message_of(ended.error());
}

} // namespace troupe::images
