// Text in characters: globs, distances, columns of errors, cuts.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/core/diagnostic.h"
#include "agent/core/pattern.h"
#include "agent/core/utf8.h"
#include "agent/core/yaml.h"

namespace highwater {
namespace {

bool matches(std::string_view glob, std::string_view name) {
  return Pattern::parse(glob).value().matches(name);
}

TEST(DidYouMean, NamesEachOnce) {
  const std::vector<std::string> names{"oncall", "oncall", "mail"};
  EXPECT_EQ(did_you_mean("nobody", names), "one of: oncall, mail");
  EXPECT_EQ(did_you_mean("onkall", names), "did you mean 'oncall'?");
  std::vector<std::string> many;
  for (char c = 'a'; c <= 'l'; ++c) many.push_back(std::string(6, c));
  EXPECT_EQ(did_you_mean("zzzzzzzzz", many),
            "one of: aaaaaa, bbbbbb, cccccc, dddddd, eeeeee, ffffff, gggggg, hhhhhh, iiiiii, "
            "jjjjjj and 2 more");
}

TEST(Glob, AQuestionMarkIsOneCharacter) {
  EXPECT_TRUE(matches("?", "ä"));
  EXPECT_TRUE(matches("?", "€"));
  EXPECT_TRUE(matches("?", "😀"));
  EXPECT_FALSE(matches("??", "ä"));
  EXPECT_FALSE(matches("?", "äö"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_TRUE(matches("gr??e-*", "größe-1"));
  EXPECT_FALSE(matches("gr???e-*", "größe-1"));
}

TEST(Glob, AQuestionMarkAfterAStarIsOneCharacter) {
  EXPECT_TRUE(matches("*?", "ä"));
  EXPECT_FALSE(matches("*??", "ä"));
  EXPECT_TRUE(matches("*??", "aä"));
  EXPECT_TRUE(matches("*-?", "a-ä-€"));
  EXPECT_TRUE(matches("*ä?*z", "xxäöyyz"));
}

TEST(Utf8, KnowsWhatSteersATerminalOrTheOrderOfReading) {
  for (const char* text : {"\x1b", "\n", "\x7f", "\u0080", "\u009b", "\u061c", "\u200b", "\u200e",
                           "\u200f", "\u2028", "\u202a", "\u202e", "\u2066", "\u2069", "\ufeff"})
    EXPECT_EQ(utf8::control_length(text), std::string_view(text).size()) << text;
  for (const char* text :
       {"", "a", "\u00a0", "ä", "\u2010", "\u2027", "\u202f", "\u2065", "€", "😀", "\x9b", "\xff"})
    EXPECT_EQ(utf8::control_length(text), 0U) << text;
}

TEST(Glob, EachInvalidByteIsOneCharacter) {
  EXPECT_TRUE(matches("?", "\xff"));
  EXPECT_TRUE(matches("??", "\xff\xfe"));
  EXPECT_FALSE(matches("?", "\xff\xfe"));
  EXPECT_TRUE(matches("??", "\xc3x")) << "a sequence that breaks off";
  EXPECT_TRUE(matches("???", "\xed\xa0\x80")) << "a surrogate is no character";
  EXPECT_TRUE(matches("*?", "a\xff"));
}

TEST(Glob, LiteralsMatchBytes) {
  EXPECT_TRUE(matches("ä*", "äpfel"));
  EXPECT_FALSE(matches("ä*", "öl"));
  EXPECT_TRUE(matches("*l", "öl"));
}

TEST(DidYouMean, CountsCharacters) {
  // One letter of four differs; in bytes it is two of five.
  EXPECT_EQ(closest("zäun", std::vector<std::string>{"zaun"}), "zaun");
  // Nothing of a word of one character is right.
  EXPECT_EQ(closest("€", std::vector<std::string>{"abc"}), "");
  EXPECT_EQ(closest("äö", std::vector<std::string>{"öä"}), "öä") << "swapped";
}

TEST(Utf8, CutsBetweenCharacters) {
  EXPECT_EQ(utf8::first_characters("größe", 3), "grö");
  EXPECT_EQ(utf8::first_characters("größe", 30), "größe");
  EXPECT_EQ(utf8::first_bytes("größe", 3), "gr");
  EXPECT_EQ(utf8::first_bytes("größe", 4), "grö");
  EXPECT_EQ(utf8::first_bytes("😀", 3), "");
}

TEST(Utf8, CountsAndPadsCharacters) {
  EXPECT_EQ(utf8::count_characters(""), 0U);
  EXPECT_EQ(utf8::count_characters("größe"), 5U);
  EXPECT_EQ(utf8::count_characters("a\xff\xc3"), 3U);
  EXPECT_EQ(utf8::padded("äö", 4), "äö  ");
  EXPECT_EQ(utf8::padded("äöü", 2), "äöü");
}

TEST(Yaml, ColumnsOfErrorsAreCharacters) {
  Diagnostics diagnostics;
  const auto root = parse_yaml("{größe: 1, name: x}\n", "a.yaml", diagnostics);
  ASSERT_TRUE(root);
  ASSERT_EQ(root->entries.size(), 2U);
  EXPECT_EQ(root->entries[1].first.column, 12);
  EXPECT_FALSE(parse_yaml("ok: 1\n{ää: 1, ää: 2}: 3\n", "a.yaml", diagnostics));
}

TEST(Yaml, ColumnsOfErrorsAreCharactersInLaterLinesToo) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_yaml("größe: 1\n\"ä\": {ö: 1, ö: 2}\n", "a.yaml", diagnostics));
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_EQ(diagnostics[0].line, 2);
  EXPECT_EQ(diagnostics[0].column, 13);
}

}  // namespace
}  // namespace highwater
