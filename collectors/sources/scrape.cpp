#include "collectors/sources/scrape.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "collectors/sources/files.h"

namespace highwater::sources {
namespace {

Read<Readings> read_url(const SourcePlan& plan, size_t number, const Transfer& transfer,
                        WallTime wall, const std::stop_token& stop) {
  auto page = transfer(plan.sources[number], stop);
  if (!page) return tl::unexpected(page.error());
  return read_page(*page, plan, number, wall);
}

// The good files count, whatever the others are.
void read_all_files(const SourcePlan& plan, WallTime wall, Scrape& scrape) {
  auto files = read_files(plan.sources[scrape.source], wall);
  if (!files) {
    scrape.failure = files.error();
    return;
  }
  size_t bad = 0;
  for (const FilePage& file : *files) {
    const std::string name = std::filesystem::path(file.path).filename().string();
    Read<Readings> read = file.page ? read_page(*file.page, plan, scrape.source, wall, name)
                                    : tl::unexpected(file.page.error());
    if (read) {
      Readings& all = scrape.readings;
      all.samples += read->samples;
      std::ranges::move(read->rows, std::back_inserter(all.rows));
      std::ranges::move(read->remarks, std::back_inserter(all.remarks));
      merge_findings(all.findings, std::move(read->findings));
    } else if (++bad == 1) {
      scrape.failure = Failure{read.error().reason, fmt::format("{}: {}", name, read.error().what)};
    }
  }
  std::vector<std::string>& remarks = scrape.readings.remarks;
  std::ranges::sort(remarks);
  remarks.erase(std::ranges::unique(remarks).begin(), remarks.end());
  if (remarks.size() > kMostRemarks) remarks.resize(kMostRemarks);
  if (bad > 1) scrape.failure->what += fmt::format("; and {} more files", bad - 1);
  if (scrape.readings.rows.size() > kMostReadings) {
    scrape.readings = {};
    scrape.failure = Failure{Unknown::failed, "its files hold too many series"};
  }
}

}  // namespace

Scrape scrape(const SourcePlan& plan, size_t number, const Transfer& transfer, const Clock& clock,
              const std::stop_token& stop) {
  const Now begun = clock.now();
  Scrape result;
  result.source = number;
  if (plan.sources[number].url.empty()) {
    read_all_files(plan, begun.wall, result);
  } else if (auto read = read_url(plan, number, transfer, begun.wall, stop)) {
    result.readings = std::move(*read);
  } else {
    result.failure = read.error();
  }
  result.at = clock.now();
  result.took = result.at.steady - begun.steady;
  return result;
}

}  // namespace highwater::sources
