// SPDX-License-Identifier: Apache-2.0
//
// A plugin of clang-tidy, for scripts/lint.sh: the checks look at our own declarations only. By itself clang-tidy of this age
// walks through everything that a file includes, tens of thousands of declarations of the C++ library, and throws away at the
// end what it found there; that is the larger part of its time. Later releases (22 on) leave the system headers out by
// themselves.
//
// What is found in our code stays the same, but for checks that compare with declarations of system headers by walking through
// them: of those that .clang-tidy names that is bugprone-forward-declaration-namespace alone, which lint.sh therefore runs once
// more without this plugin where one of our headers declares a class ahead. The analyzer (clang-analyzer-*) does not ask for
// the scope that is set here.
#include <memory>
#include <string>
#include <vector>

#include <clang/AST/ASTConsumer.h>
#include <clang/AST/ASTContext.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Frontend/FrontendPluginRegistry.h>

namespace
{

class OwnDeclarations : public clang::ASTConsumer
{
  public:
    bool HandleTopLevelDecl(clang::DeclGroupRef group) override
    {
        for (clang::Decl *declaration : group) {
            const clang::SourceManager &sources = declaration->getASTContext().getSourceManager();
            if (!sources.isInSystemHeader(sources.getExpansionLoc(declaration->getLocation()))) {
                own_.push_back(declaration);
            }
        }
        return true;
    }

    // Comes before the checks' own turn: see getActionType().
    void HandleTranslationUnit(clang::ASTContext &context) override { context.setTraversalScope(own_); }

  private:
    std::vector<clang::Decl *> own_;
};

class OwnCodeOnly : public clang::PluginASTAction
{
  protected:
    std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance & /*compiler*/,
                                                          llvm::StringRef /*file*/) override
    {
        return std::make_unique<OwnDeclarations>();
    }

    bool ParseArgs(const clang::CompilerInstance & /*compiler*/, const std::vector<std::string> & /*arguments*/) override
    {
        return true;
    }

    ActionType getActionType() override { return AddBeforeMainAction; }
};

const clang::FrontendPluginRegistry::Add<OwnCodeOnly> registered("own-code-only",
                                                                 "let the checks look at our own declarations only");

} // namespace
