#include "agent/command_line/parse.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/diagnostic.h"

namespace highwater::command_line {
namespace {

std::vector<std::string> names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  return names;
}

bool is_help(std::string_view word) {
  return word == "--help" || word == "-h";
}

class Parser {
 public:
  explicit Parser(const Command& program) : program_(program) { parsed_.command = &program; }

  Result<Parsed> parse(std::span<const std::string> words) {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (only_arguments_ || word == "-" || !word.starts_with('-')) {
        take_word(word);
      } else if (word == "--") {
        only_arguments_ = true;
      } else if (is_help(word)) {
        parsed_.help = true;
      } else {
        take_option(word, words, i);
      }
    }
    if (!parsed_.help) check();
    if (!parsed_.help && !mistake_.empty()) return fail(mistake_);
    return std::move(parsed_);
  }

 private:
  [[nodiscard]] const Command& command() const { return *parsed_.command; }

  // "highwater status"
  [[nodiscard]] std::string full_name() const {
    return parsed_.path.empty() ? program_.name : program_.name + " " + parsed_.path;
  }

  // The first mistake is the one to mend first: what follows it may come of it.
  void mistake(const std::string& what) {
    if (mistake_.empty()) mistake_ = fmt::format("{}: {}", full_name(), what);
  }

  void mistake_with_help(const std::string& what) {
    mistake(fmt::format("{}\n  {} --help shows what it takes", what, full_name()));
  }

  void take_word(const std::string& word) {
    if (command().commands.empty()) return take_argument(word);
    if (const Command* found = find_command(command(), word); found != nullptr) {
      parsed_.command = found;
      parsed_.path += (parsed_.path.empty() ? "" : " ") + found->name;
      return;
    }
    if (mistake_.empty()) mistake_ = no_such_command(command(), parsed_.path, word);
  }

  void take_argument(const std::string& word) {
    const std::vector<Argument>& expected = command().arguments;
    const size_t index = parsed_.arguments.size();
    const bool more = index < expected.size() || (!expected.empty() && expected.back().repeatable);
    if (!more) return mistake_with_help(fmt::format("'{}' is one argument too many", word));
    const Argument& argument = expected[std::min(index, expected.size() - 1)];
    check_word(argument.name, word, argument.words);
    parsed_.arguments.push_back(word);
  }

  void check_word(const std::string& name, const std::string& word,
                  const std::vector<std::string>& allowed) {
    if (allowed.empty() || std::ranges::find(allowed, word) != allowed.end()) return;
    mistake(fmt::format("{} cannot be '{}': {}", name, word, did_you_mean(word, allowed)));
  }

  void take_option(const std::string& word, std::span<const std::string> words, size_t& index) {
    const bool is_long = word.starts_with("--");
    const size_t equals = is_long ? word.find('=') : std::string::npos;
    const std::string written = is_long ? word.substr(0, equals) : word.substr(0, 2);
    const Option* option = known_option(written);
    if (option == nullptr) return unknown_option(written);
    std::vector<std::string>& values = parsed_.options[option->name];
    if (!values.empty() && !option->repeatable)
      mistake(fmt::format("option {} is given twice", written));
    const bool attached = is_long ? equals != std::string::npos : word.size() > 2;
    if (option->value.empty()) {
      if (attached) mistake(fmt::format("option {} takes no value", written));
      values.emplace_back();
      return;
    }
    if (attached) {
      values.push_back(is_long ? word.substr(equals + 1) : word.substr(2));
    } else if (index + 1 < words.size()) {
      values.push_back(words[++index]);
    } else {
      return mistake(
          fmt::format("option {} needs a value: {} {}", written, written, option->value));
    }
    check_word(written, values.back(), option->words);
  }

  const Option* known_option(std::string_view written) {
    for (const Option& option : command().options) {
      if (written == "--" + option.name ||
          (!option.letter.empty() && written == "-" + option.letter))
        return &option;
    }
    return nullptr;
  }

  void unknown_option(const std::string& written) {
    std::vector<std::string> known{"--help"};
    for (const Option& option : command().options) known.push_back("--" + option.name);
    const std::string close = closest(written, known);
    const std::string what = fmt::format("there is no option {}", written);
    if (!close.empty()) return mistake(fmt::format("{}: did you mean {}?", what, close));
    const bool elsewhere = std::ranges::any_of(command().commands, [&](const Command& one) {
      return written.starts_with("--") ? find_option(one, written.substr(2)) != nullptr : false;
    });
    if (elsewhere)
      return mistake(fmt::format("option {0} belongs behind a command: {1} COMMAND {0}", written,
                                 full_name()));
    mistake_with_help(what);
  }

  void check() {
    parsed_.version = parsed_.has("version") && parsed_.path.empty();
    if (!command().commands.empty()) {
      // A group by itself has nothing to do but to say what is in it.
      parsed_.help = mistake_.empty() && !parsed_.version;
      return;
    }
    if (parsed_.version) return;
    for (size_t i = parsed_.arguments.size(); i < command().arguments.size(); ++i) {
      if (command().arguments[i].required)
        mistake_with_help(fmt::format("{} is missing", command().arguments[i].name));
    }
    for (const Option& option : command().options) {
      if (option.required && !parsed_.has(option.name))
        mistake_with_help(fmt::format("option --{} {} is missing", option.name, option.value));
      if (!option.excludes.empty() && parsed_.has(option.name) && parsed_.has(option.excludes))
        mistake(
            fmt::format("--{} and --{} cannot be given together", option.name, option.excludes));
    }
  }

  const Command& program_;
  Parsed parsed_;
  bool only_arguments_ = false;
  std::string mistake_;
};

}  // namespace

std::string Parsed::text(std::string_view option, std::string_view otherwise) const {
  const auto found = options.find(option);
  return found == options.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Parsed::texts(std::string_view option) const {
  const auto found = options.find(option);
  return found == options.end() ? std::vector<std::string>{} : found->second;
}

std::string Parsed::argument(size_t index) const {
  return index < arguments.size() ? arguments[index] : std::string{};
}

std::string no_such_command(const Command& parent, std::string_view path, const std::string& word) {
  const std::string close = closest(word, names_of(parent.commands));
  const std::string name = fmt::format("highwater{}{}", path.empty() ? "" : " ", path);
  if (!close.empty())
    return fmt::format("{}: there is no command '{}': did you mean '{}'?", name, word, close);
  return fmt::format("{}: there is no command '{}'\n  {} --help lists the commands", name, word,
                     name);
}

Result<Parsed> parse(const Command& program, std::span<const std::string> arguments) {
  return Parser(program).parse(arguments);
}

}  // namespace highwater::command_line
