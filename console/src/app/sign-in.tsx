/** Signing in: the whole page when nobody is signed in, and over the page when a session has ended under it. */
import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { signIn } from "../api/queries/session";
import { frame } from "../words/en/frame";

export function SignInForm({ onDone }: { onDone: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const entering = useMutation({
    mutationKey: ["sign-in"],
    mutationFn: () => signIn(email, password),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    entering.mutate();
  };
  return (
    <form onSubmit={submit} className="stack">
      <TextInput
        label={frame.email}
        type="email"
        autoComplete="username"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        data-autofocus
      />
      <PasswordInput
        label={frame.password}
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {entering.error ? (
        <Alert color="red" variant="outline" title={frame.wrong} role="alert">
          {entering.error.message}
        </Alert>
      ) : null}
      <Button type="submit" loading={entering.isPending}>
        {frame.signIn}
      </Button>
    </form>
  );
}

export function SignInPage() {
  const queries = useQueryClient();
  useEffect(() => {
    document.title = `${frame.signIn} · ${frame.product}`;
  }, []);
  return (
    <main className="sign-in">
      <div className="stack">
        <div className="row">
          <img src="/milepost.svg" width={28} height={28} alt="" />
          <h1 style={{ fontSize: 20, margin: 0 }}>{frame.product}</h1>
        </div>
        <SignInForm onDone={() => void queries.resetQueries()} />
        <p className="soft" style={{ fontSize: 12, margin: 0 }}>
          {frame.firstStart}
        </p>
      </div>
    </main>
  );
}
