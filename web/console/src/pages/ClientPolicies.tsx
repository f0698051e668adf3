// Client policies of a realm: which conditions lead to which profiles, and what the profiles demand.

import { useState } from 'react';
import { Button, Label, PageSection, Switch, ToggleGroup, ToggleGroupItem, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import ClipboardCheckIcon from '@patternfly/react-icons/dist/esm/icons/clipboard-check-icon';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useParams } from 'react-router';
import type { ClientPolicy, Profile } from '../api/types';
import { Deletion } from '../parts/Deletion';
import { Empty } from '../parts/Empty';
import { LinkTabs } from '../parts/LinkTabs';
import { Heading } from '../parts/Heading';
import { JsonEditor } from '../parts/JsonEditor';
import { Failure, Show, useAction, useLoad } from '../parts/load';
import { useNotice } from '../parts/notices';
import { useSession } from '../session';
import { load, storePolicies, storeProfiles, type Documents } from './clientPolicies';

export default function ClientPolicies() {
  const { realm = '', tab = 'profiles' } = useParams();
  const { may } = useSession();
  const documents = useLoad((signal) => load(realm, signal), [realm]);
  const [json, setJson] = useState(false);
  const manage = may(realm, 'manage-realm');
  const at = `#/${encodeURIComponent(realm)}/client-policies`;
  const profiles = tab !== 'policies';
  return (
    <>
      <Heading title="Client policies" text="What clients must be like, depending on who registers them and what they are. They run before the registration policies, and bind administrators too." />
      <PageSection type="tabs" hasBodyWrapper={false}>
        <LinkTabs label="Client policies" active={profiles ? 'profiles' : 'policies'} tabs={[['profiles', 'Profiles', at], ['policies', 'Policies', `${at}/policies`]]} />
      </PageSection>
      <PageSection hasBodyWrapper={false}>
        <Toolbar>
          <ToolbarContent>
            <ToolbarItem>
              <ToggleGroup aria-label="View">
                <ToggleGroupItem text="Form view" buttonId="form-view" isSelected={!json} onChange={() => setJson(false)} />
                <ToggleGroupItem text="JSON view" buttonId="json-view" isSelected={json} onChange={() => setJson(true)} />
              </ToggleGroup>
            </ToolbarItem>
            {manage && !json && (
              <ToolbarItem>
                <Button component="a" href={profiles ? `${at}/profiles/create` : `${at}/policies/create`}>
                  {profiles ? 'Create client profile' : 'Create client policy'}
                </Button>
              </ToolbarItem>
            )}
          </ToolbarContent>
        </Toolbar>
        <Show from={documents} what="client policies" role="view-realm">
          {(data) =>
            json ? (
              <Json key={`${tab}${JSON.stringify(data)}`} documents={data} profiles={profiles} manage={manage} reload={documents.reload} />
            ) : profiles ? (
              <Profiles documents={data} manage={manage} at={at} reload={documents.reload} />
            ) : (
              <Policies documents={data} manage={manage} at={at} reload={documents.reload} />
            )
          }
        </Show>
      </PageSection>
    </>
  );
}

interface Props {
  documents: Documents;
  manage: boolean;
  at: string;
  reload(): void;
}

function Json({ documents, profiles, manage, reload }: Omit<Props, 'at'> & { profiles: boolean }) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  return (
    <JsonEditor
      label={profiles ? 'The profiles of the realm; those of the server are not among them' : 'The client policies of the realm'}
      value={profiles ? { profiles: documents.profiles } : { policies: documents.policies }}
      manage={manage}
      onSave={async (value) => {
        const list = (value as Record<string, unknown>)[profiles ? 'profiles' : 'policies'];
        await (profiles ? storeProfiles(realm, list as Profile[]) : storePolicies(realm, list as ClientPolicy[]));
        notice(profiles ? 'The profiles are saved' : 'The client policies are saved');
        reload();
      }}
    />
  );
}

/** A list without the one of this name. */
function without<T extends { name: string }>(list: T[], gone: T): T[] {
  return list.filter(({ name }) => name !== gone.name);
}

function Profiles({ documents, manage, at, reload }: Props) {
  const { realm = '' } = useParams();
  const rows: [Profile, boolean][] = [...documents.profiles.map((profile): [Profile, boolean] => [profile, false]), ...documents.globalProfiles.map((profile): [Profile, boolean] => [profile, true])];
  return (
    <>
      <Table aria-label="Client profiles" variant="compact" gridBreakPoint="grid-md">
        <Thead>
          <Tr>
            <Th width={20}>Name</Th>
            <Th>Description</Th>
            <Th>Executors</Th>
            <Th screenReaderText="Actions" />
          </Tr>
        </Thead>
        <Tbody>
          {rows.map(([profile, global]) => (
            <Tr key={profile.name}>
              <Td dataLabel="Name">
                <a href={`${at}/profiles/edit/${encodeURIComponent(profile.name)}`}>{profile.name}</a> {global && <Label isCompact>Of the server</Label>}
              </Td>
              <Td dataLabel="Description">{profile.description || '–'}</Td>
              <Td dataLabel="Executors">{profile.executors?.length ?? 0}</Td>
              <Td isActionCell>
                {manage && !global && (
                  <Deletion
                    of={`profile ${profile.name}`}
                    question={`Delete the profile “${profile.name}”?`}
                    done={`The profile “${profile.name}” is deleted`}
                    onDelete={() => storeProfiles(realm, without(documents.profiles, profile))}
                    onDone={reload}
                  >
                    What it demanded is demanded no more. Policies that name it have to be changed first.
                  </Deletion>
                )}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  );
}

function Policies({ documents, manage, at, reload }: Props) {
  const { realm = '' } = useParams();
  const notice = useNotice();
  const action = useAction();
  const enable = (policy: ClientPolicy, enabled: boolean) =>
    action.run(async () => {
      await storePolicies(
        realm,
        documents.policies.map((one) => (one.name === policy.name ? { ...one, enabled } : one)),
      );
      notice(`“${policy.name}” is ${enabled ? 'enabled' : 'disabled'}`);
      reload();
    });
  if (documents.policies.length === 0) {
    return (
      <Empty
        title="No client policies"
        icon={ClipboardCheckIcon}
        actions={
          manage && (
            <Button component="a" href={`${at}/policies/create`}>
              Create client policy
            </Button>
          )
        }
      >
        A policy says under which conditions which profiles are demanded: for example PKCE of every public client. The profiles of the server can be used at once.
      </Empty>
    );
  }
  return (
    <>
      {action.error && <Failure error={action.error} role="manage-realm" />}
      <Table aria-label="Client policies" variant="compact" gridBreakPoint="grid-md">
        <Thead>
          <Tr>
            <Th width={20}>Name</Th>
            <Th>Enabled</Th>
            <Th>Conditions</Th>
            <Th>Profiles</Th>
            <Th screenReaderText="Actions" />
          </Tr>
        </Thead>
        <Tbody>
          {documents.policies.map((policy) => (
            <Tr key={policy.name}>
              <Td dataLabel="Name">
                <a href={`${at}/policies/edit/${encodeURIComponent(policy.name)}`}>{policy.name}</a>
                {policy.description && <div className="console-faint">{policy.description}</div>}
              </Td>
              <Td dataLabel="Enabled">
                <Switch aria-label={`“${policy.name}” enabled`} isChecked={policy.enabled === true} isDisabled={!manage || action.busy} onChange={(_, on) => void enable(policy, on)} />
              </Td>
              <Td dataLabel="Conditions">{policy.conditions?.map(({ condition }) => condition).join(', ') || 'None: it never applies'}</Td>
              <Td dataLabel="Profiles">{policy.profiles?.join(', ') || 'None: it demands nothing'}</Td>
              <Td isActionCell>
                {manage && (
                  <Deletion
                    of={`policy ${policy.name}`}
                    question={`Delete the policy “${policy.name}”?`}
                    done={`The policy “${policy.name}” is deleted`}
                    onDelete={() => storePolicies(realm, without(documents.policies, policy))}
                    onDone={reload}
                  >
                    Clients that it made demands on are registered without them from then on.
                  </Deletion>
                )}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  );
}
