// SPDX-License-Identifier: Apache-2.0
// wstap ca: where the certificate authority is, what it is, and how it gets into a client's trust store
// (TLS-2).
#include <fmt/format.h>
#include <unistd.h>

#include "cmd/authority.h"
#include "cmd/options.h"
#include "cmd/origin.h"
#include "cmd/output.h"
#include "formats/json_view.h"

namespace wstap::cmd {
namespace {

enum class Action : std::uint8_t { path, show, export_certificate };
enum class Form : std::uint8_t { pem, der, p12 };

struct Options {
  AuthorityOptions authority;
  Action action = Action::path;
  Form form = Form::pem;
  std::string password;
};

void show(const tls::Authority& authority, std::ostream& out) {
  const auto facts = authority.facts();
  out << "certificate: " << authority.certificate_path() << '\n'
      << "subject: " << facts.subject << '\n'
      << "valid from: " << rfc3339(facts.not_before_ns) << '\n'
      << "valid until: " << rfc3339(facts.not_after_ns) << '\n'
      << "sha256: " << facts.sha256 << '\n';
}

Exit export_certificate(const tls::Authority& authority, const Options& options, Io& io) {
  if (options.form == Form::pem) {
    io.out << authority.pem();
    return Exit::ok;
  }
  if (::isatty(STDOUT_FILENO) == 1) {
    complain(io, "ca", "this is binary and standard output is a terminal (redirect it to a file)");
    return Exit::usage;
  }
  const Buffer bytes = options.form == Form::der ? authority.der() : authority.p12(options.password);
  io.out << as_text(bytes);
  return Exit::ok;
}

Exit run(const CLI::App& app, const Options& options, Io& io) {
  if (!options.password.empty() && options.form != Form::p12) {
    complain(io, "ca", with_origin(app, "--password: only a p12 file has one (add --format p12)"));
    return Exit::usage;
  }
  const auto authority = open_authority(options.authority);
  if (!authority) {
    complain(io, "ca", authority.error().text());
    return exit_for(authority.error().code);
  }
  switch (options.action) {
    case Action::path: io.out << authority->certificate_path() << '\n'; break;
    case Action::show: show(*authority, io.out); break;
    case Action::export_certificate: return export_certificate(*authority, options, io);
  }
  return Exit::ok;
}

}  // namespace

Run setup_ca(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.require_subcommand(1);
  app.footer(
      "The authority is made on first use. Its key never leaves this machine; who trusts its certificate "
      "trusts "
      "whoever has that key.\n"
      "  curl --cacert \"$(wstap ca path)\" -x http://127.0.0.1:8080 https://example.com/\n"
      "Manual: wstap-ca(1), wstap-tls(7)");
  add_authority_options(app, options->authority);
  const auto action = [&](const std::string& name, Action value, const std::string& text) {
    CLI::App* sub = app.add_subcommand(name, text);
    sub->group("Commands")->fallthrough();
    sub->callback([options, value] { options->action = value; });
    return sub;
  };
  action("path", Action::path, "Print the certificate's file name");
  action("show", Action::show, "Print subject, validity and fingerprint");
  CLI::App& to = *action("export", Action::export_certificate, "Write the certificate to standard output");
  add_choice<Form>(to, "--format", options->form,
                   {{"pem", Form::pem}, {"der", Form::der}, {"p12", Form::p12}},
                   "pem for Firefox, curl, Debian; der for Android, Windows; p12 for keychains");
  to.add_option("--password", options->password, "password of the p12 file (default: an empty one)")
      ->type_name("TEXT");
  return [&app, options](Io& io) { return run(app, *options, io); };
}

}  // namespace wstap::cmd
