// SmallList: a list of a few plain values, which stand in the list itself while they fit. Most
// partitions have three replicas or fewer; a poll would otherwise allocate for each of thousands.
// Used by the wire format and by the cluster view; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <type_traits>
#include <vector>

namespace highwater::kafka {

template <class T, std::uint32_t kInPlace>
class SmallList {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  SmallList() {}  // not defaulted: T may have a constructor, which the union does not call
  SmallList(std::initializer_list<T> values) { assign(values.begin(), values.end()); }
  SmallList(const std::vector<T>& values) { assign(values.begin(), values.end()); }
  SmallList(const SmallList& other) { assign(other.begin(), other.end()); }
  SmallList(SmallList&& other) noexcept { take(other); }
  SmallList& operator=(const SmallList& other) {
    if (this != &other) assign(other.begin(), other.end());
    return *this;
  }
  SmallList& operator=(SmallList&& other) noexcept {
    if (this == &other) return *this;
    release();
    take(other);
    return *this;
  }
  ~SmallList() { release(); }

  [[nodiscard]] T* begin() { return data(); }
  [[nodiscard]] T* end() { return data() + size_; }
  [[nodiscard]] const T* begin() const { return data(); }
  [[nodiscard]] const T* end() const { return data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] T& operator[](std::size_t index) { return data()[index]; }
  [[nodiscard]] const T& operator[](std::size_t index) const { return data()[index]; }
  [[nodiscard]] const T& front() const { return *data(); }
  [[nodiscard]] const T& back() const { return data()[size_ - 1]; }

  void clear() { size_ = 0; }
  void resize(std::size_t size) {
    if (size > capacity_) grow(static_cast<std::uint32_t>(size));
    if (size > size_) std::fill(end(), data() + size, T{});
    size_ = static_cast<std::uint32_t>(size);
  }
  void push_back(T value) {
    if (size_ == capacity_) grow(size_ * 2);
    data()[size_++] = value;
  }
  template <class Iterator>
  void assign(Iterator first, Iterator last) {
    const auto size = static_cast<std::uint32_t>(std::distance(first, last));
    if (size > capacity_) grow(size);
    std::copy(first, last, data());
    size_ = size;
  }
  template <class Predicate>
  void remove_if(Predicate predicate) {
    size_ = static_cast<std::uint32_t>(std::remove_if(begin(), end(), predicate) - begin());
  }

  bool operator==(const SmallList& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  [[nodiscard]] bool in_place() const { return capacity_ == kInPlace; }
  [[nodiscard]] T* data() { return in_place() ? values_ : elsewhere_; }
  [[nodiscard]] const T* data() const { return in_place() ? values_ : elsewhere_; }

  void grow(std::uint32_t capacity) {
    T* const grown = std::allocator<T>().allocate(capacity);
    std::copy(begin(), end(), grown);
    release();
    elsewhere_ = grown;
    capacity_ = capacity;
  }
  void release() {
    if (!in_place()) std::allocator<T>().deallocate(elsewhere_, capacity_);
  }
  // What this held was released.
  void take(SmallList& other) {
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (other.in_place()) {
      std::copy(other.values_, other.values_ + size_, values_);
    } else {
      elsewhere_ = other.elsewhere_;
    }
    other.size_ = 0;
    other.capacity_ = kInPlace;
  }

  union {
    T values_[kInPlace];
    T* elsewhere_ = nullptr;
  };
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInPlace;  // another number: they are elsewhere
};

}  // namespace highwater::kafka
